import { join, resolve } from 'node:path';
import { shellWord } from '../contract/index.ts';
import type { Runtime } from './runtime.ts';

const SYSTEM_STATE_DIR = '/var/lib/olares-backup';
/** Where the sockets are when systemd made the run-time directory. */
const SYSTEM_RUN_DIR = '/run/olares-backup';

export interface AgentPlace {
  readonly stateDir: string;
  /** Folders that may hold admin.sock and status.sock, best first. */
  readonly socketDirs: readonly string[];
  /** The command that starts this agent's daemon. */
  readonly startCommand: string;
}

/** Finds the agent that the person means: `--state-dir`, then the environment, then this user's default. */
export function agentPlace(
  runtime: Pick<Runtime, 'env' | 'uid' | 'cwd'>,
  option: string | undefined,
): AgentPlace {
  const chosen = option ?? (runtime.env['OLARES_BACKUP_STATE_DIR'] || undefined);
  const stateDir = resolve(runtime.cwd, chosen ?? defaultStateDir(runtime));
  const own = join(stateDir, 'run');
  const isDefault = chosen === undefined || stateDir === SYSTEM_STATE_DIR;
  return {
    stateDir,
    socketDirs: isDefault ? [own, SYSTEM_RUN_DIR] : [own],
    startCommand:
      stateDir === SYSTEM_STATE_DIR
        ? 'sudo systemctl start olares-backupd'
        : `olares-backupd --state-dir ${shellWord(stateDir)}`,
  };
}

function defaultStateDir({ env, uid }: Pick<Runtime, 'env' | 'uid'>): string {
  if (uid === 0) return SYSTEM_STATE_DIR;
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] || '/', '.local', 'state');
  return join(base, 'olares-backup');
}
