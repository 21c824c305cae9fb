import { readFileSync, statSync } from 'node:fs';
import { AppError, parser } from '../../contract/index.ts';
import { configSchema, type ConfigFile } from './config-schema.ts';

const configParser = parser(configSchema);

/**
 * @returns undefined when there is no such file
 * @throws AppError `config_invalid` naming the file and what is wrong in it
 */
export function readConfigFile(path: string): ConfigFile | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  try {
    return configParser.parse(jsonOf(text, path), path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'config_invalid') throw error;
    throw new AppError('config_invalid', error.message, {
      ...(error.field === undefined ? {} : { field: error.field }),
      hint: error.hint ?? 'correct it; `olares-backup config check` tells when all is right',
      cause: error,
    });
  }
}

function textOf(path: string): string | undefined {
  try {
    const mode = statSync(path).mode;
    if ((mode & 0o022) !== 0) {
      throw new AppError('config_invalid', `${path} can be changed by other users`, {
        hint: `chmod go-w ${path}`,
      });
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError('config_invalid', `${path} can't be read: ${message}`, {
      hint: 'correct its rights, or name another file with --config',
      cause: error,
    });
  }
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('config_invalid', `${path} is not valid JSON: look at line ${wrongLine(text)}`, {
      hint: 'look for a comma too many or missing, and for quotes; comments are not allowed',
      cause: error,
    });
  }
}

/** The engine's messages often lack the place: it is the first line with which the text is wrong, not just unfinished. */
function wrongLine(text: string): number {
  const lines = text.split('\n');
  const wrong = lines.findIndex((_, index) => isWrong(lines.slice(0, index + 1).join('\n')));
  return wrong < 0 ? lines.length : wrong + 1;
}

function isWrong(start: string): boolean {
  try {
    JSON.parse(start);
    return false;
  } catch (error) {
    const { message } = error as SyntaxError;
    const position = /position (\d+)/.exec(message)?.[1];
    return position === undefined
      ? !message.includes('end of JSON')
      : Number(position) < start.trimEnd().length;
  }
}
