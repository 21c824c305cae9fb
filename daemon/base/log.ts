import { pino, type Logger } from 'pino';

export type Log = Logger;

/** JSON lines on stdout; fields whose name speaks of a secret never show their value. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
    },
    pino.destination({ dest: 1, sync: true }),
  );
}

const REDACTED = [
  'password',
  'token',
  'secretAccessKey',
  'sessionToken',
  'accessKeyId',
  'sk',
  'st',
  'ak',
  'cookie',
  'authorization',
  'recovery',
];

export const silentLog: Log = pino({ level: 'silent' });
