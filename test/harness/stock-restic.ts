import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../contract/index.ts';
import { ROOT, type Outcome, type TestSystem } from './system.ts';

/** The restic that the agent uses, for a look past the agent. */
export function resticPath(): string {
  const own = join(ROOT, '.tools', 'bin', 'restic');
  return process.env['RESTIC_BIN'] ?? (existsSync(own) ? own : 'restic');
}

export interface StockOptions {
  readonly purpose?: 'read' | 'backup' | 'prune';
}

/** Environment with which restic alone opens a plan's repository, with nothing but the user's password. */
export async function stockEnvironment(
  system: TestSystem,
  plan: Plan,
  { purpose = 'read' }: StockOptions = {},
): Promise<Record<string, string>> {
  const address = plan.repository?.address ?? '';
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: system.dir,
    RESTIC_CACHE_DIR: join(system.dir, 'stock-cache'),
    RESTIC_REPOSITORY: address,
    RESTIC_PASSWORD_FILE: system.passwordFile,
    ...(address.startsWith('s3:') ? await storageKeys(system, address, purpose) : {}),
  };
}

/** Runs the restic that anybody could have, on a plan's repository. */
export async function stockRestic(
  system: TestSystem,
  plan: Plan,
  args: string[],
  options: StockOptions = {},
): Promise<Outcome> {
  const env = await stockEnvironment(system, plan, options);
  return await new Promise((resolve) => {
    execFile(resticPath(), args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Ids of the locks that lie in the repository. */
export async function locksOf(system: TestSystem, plan: Plan): Promise<string[]> {
  const { code, stdout, stderr } = await stockRestic(system, plan, ['list', 'locks', '--no-lock', '--quiet']);
  if (code !== 0) throw new Error(`locks could not be listed: ${stderr}`);
  return stdout.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));
}

async function storageKeys({ space }: TestSystem, address: string, purpose: 'read' | 'backup' | 'prune') {
  const [account] = space.state.accounts.list();
  const [, , ...prefix] = new URL(address.slice('s3:'.length)).pathname.split('/');
  const keys = await space.storage.issue({
    accountId: account?.id ?? '',
    prefix: decodeURIComponent(prefix[0] ?? ''),
    purpose,
    ttlSeconds: 3_600,
  });
  return {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken,
  };
}
