import { parseArgs } from 'node:util';
import { AppError } from '../../contract/index.ts';

export interface ProgramOptions {
  readonly stateDir: string | undefined;
  readonly config: string | undefined;
  readonly http: string | undefined;
  readonly logLevel: string | undefined;
  readonly ephemeral: boolean;
}

export const DAEMON_USAGE = `olares-backupd [--state-dir DIR] [--http HOST:PORT|off] [--config FILE] [--log-level LEVEL]`;

/**
 * @param argv without program and script; --help and --version are main's
 * @throws AppError `config_invalid` naming the argument
 */
export function parseProgramOptions(argv: readonly string[]): ProgramOptions {
  const option = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'state-dir': option,
        config: option,
        http: option,
        'log-level': option,
        ephemeral: { type: 'boolean' },
      },
    });
    return {
      stateDir: values['state-dir'],
      config: values.config,
      http: values.http,
      logLevel: values['log-level'],
      ephemeral: values.ephemeral ?? false,
    };
  } catch (error) {
    const [firstSentence] = (error as Error).message.split('. ');
    throw new AppError('config_invalid', `${firstSentence}`, {
      hint: `usage: ${DAEMON_USAGE}`,
      cause: error,
    });
  }
}
