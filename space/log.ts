export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One JSON object a line. Errors become their text and stack; nothing else is looked into, so hand over no secrets. */
export function createLog(options: { clock: () => number; write: (line: string) => void }): Log {
  return (level, msg, fields = {}) => {
    const plain = Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    ]);
    options.write(`${JSON.stringify({ time: options.clock(), level, msg, ...Object.fromEntries(plain) })}\n`);
  };
}

export const silentLog: Log = () => undefined;
