import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError, ERROR_CODES, EXIT_CODES } from '../../contract/index.ts';
import { toJsonText } from '../output/json.ts';
import type { OpenSession, Session } from '../session.ts';

export function registerConfig(program: Command, open: OpenSession): void {
  const config = program.command('config').description('show and check the settings of the agent');
  config
    .command('show')
    .description('show the settings in force')
    .action(async (_options: object, command: Command) => {
      const { api, print } = open(command);
      const settings = await api.call('getConfig');
      print.result(settings, () => [toJsonText(settings, 2)]);
    });
  config
    .command('check')
    .description('check a settings file without using it')
    .argument('[file]', "the file; default: the agent's own config.json")
    .addHelpText('after', '\nExit code 78: the file is not right; the message names the field.')
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const path = file === undefined ? undefined : resolve(session.runtime.cwd, file);
      await checkConfig(session, path);
      session.print.result({ file: path ?? null, valid: true }, () => [
        `${path ?? 'The configuration'} is right.`,
      ]);
    });
}

/** The settings' schema is the daemon's own, so the daemon's program is asked. */
async function checkConfig(session: Session, path: string | undefined): Promise<void> {
  const beside = join(session.runtime.programFolder, 'olares-backupd.mjs');
  const [program, first] = existsSync(beside) ? [process.execPath, [beside]] : ['olares-backupd', []];
  const named = path === undefined ? [] : ['--config', path];
  const { code, text } = await run(program, [
    ...first,
    '--state-dir',
    session.place.stateDir,
    '--check-config',
    ...named,
  ]);
  if (code === 0) return;
  const known = ERROR_CODES.find((name) => EXIT_CODES[name] === code);
  const [message = '', ...hint] = text.trim().split('\n');
  throw new AppError(
    known ?? 'config_invalid',
    message.replace(/^olares-backupd: /, '') || 'the configuration is not right',
    {
      hint: hint.join(' ').trim() || 'correct the file and check it again',
    },
  );
}

function run(program: string, args: readonly string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((done, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-16_384);
    });
    child.on('error', (cause) =>
      reject(new AppError('failed', 'olares-backupd, which knows the settings, was not found', { cause })),
    );
    child.on('close', (code) => done({ code, text }));
  });
}
