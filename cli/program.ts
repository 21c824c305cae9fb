import { Command } from 'commander';
import type { ErrorCode } from '../contract/index.ts';
import { EXIT_CODES } from '../contract/index.ts';
import { registerAdopt } from './commands/adopt.ts';
import { registerBackup } from './commands/backup.ts';
import { registerCheck } from './commands/check.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerJob } from './commands/job.ts';
import { registerKey } from './commands/key.ts';
import { registerLogin } from './commands/login.ts';
import { registerLogout } from './commands/logout.ts';
import { registerLogs } from './commands/logs.ts';
import { registerOpen } from './commands/open.ts';
import { registerPlanAdd } from './commands/plan-add.ts';
import { registerPlanEdit } from './commands/plan-edit.ts';
import { registerPlan } from './commands/plan.ts';
import { registerRequest } from './commands/request.ts';
import { registerRestore } from './commands/restore.ts';
import { registerSnapshot } from './commands/snapshot.ts';
import { registerStatus } from './commands/status.ts';
import { registerUsage } from './commands/usage.ts';
import { registerVersion } from './commands/version.ts';
import type { Runtime } from './runtime.ts';
import { createSession, type GlobalOptions, type OpenSession } from './session.ts';

export interface ProgramOptions {
  readonly runtime: Runtime;
  readonly endWith: (code: ErrorCode) => void;
  readonly writeError: (text: string) => void;
}

/** All commands with their options, help and actions. */
export function createProgram({ runtime, endWith, writeError }: ProgramOptions): Command {
  const program = new Command('olares-backup')
    .description('Encrypted snapshots of this machine to Olares Space, and restores that you approve here.')
    .version(runtime.version, '--version', 'print the version of this program')
    .option('--state-dir <dir>', 'which agent to talk to (env OLARES_BACKUP_STATE_DIR)')
    .option('--json', 'print one JSON document, errors too')
    .option('--quiet', 'no progress and no messages, only the result')
    .option('--no-color', 'no colours (as the variable NO_COLOR)')
    .option('--yes', 'answer yes where a question would be asked')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void runtime.stdout.write(text),
      writeErr: writeError,
      getOutHelpWidth: () => runtime.stdout.columns ?? 100,
      getErrHelpWidth: () => runtime.stderr.columns ?? 100,
    })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  registerAll(program, (command) =>
    createSession({ runtime, endWith, options: command.optsWithGlobals<GlobalOptions>() }),
  );
  return program;
}

function registerAll(program: Command, open: OpenSession): void {
  program.commandsGroup('Every day:');
  registerStatus(program, open);
  registerBackup(program, open);
  registerRestore(program, open);
  registerSnapshot(program, open);
  registerUsage(program, open);
  registerOpen(program, open);
  program.commandsGroup('Set up:');
  registerLogin(program, open);
  registerLogout(program, open);
  const plan = registerPlan(program, open);
  registerPlanAdd(plan, open);
  registerPlanEdit(plan, open);
  registerAdopt(program, open);
  registerKey(program, open);
  registerConfig(program, open);
  program.commandsGroup('Look after:');
  registerRequest(program, open);
  registerJob(program, open);
  registerCheck(program, open);
  registerDoctor(program, open);
  registerLogs(program, open);
  registerVersion(program, open);
  registerCompletion(program, open);
}

const codes = Object.entries(EXIT_CODES)
  .map(([name, code]) => `${code} ${name.replaceAll('_', ' ')}`)
  .join(' · ');

const EXAMPLES = `
Examples:
  olares-backup plan add photos --path ~/Photos --schedule daily --at 02:00
  olares-backup backup photos
  olares-backup restore latest --plan photos
  olares-backup restore 7F3K            a restore that Space asked for, by its code

Exit codes: 0 done · ${codes}`;
