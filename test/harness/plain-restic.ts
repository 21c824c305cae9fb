import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './system.ts';

const RESTIC =
  process.env['RESTIC_BIN'] ?? [join(ROOT, '.tools/bin/restic')].find((path) => existsSync(path)) ?? 'restic';

/** What a person without our software has. */
export interface PlainRestic {
  readonly repository: string;
  /** As typed. */
  readonly password: string;
  /** Keys of the storage, if it wants some. */
  readonly env?: Record<string, string>;
}

/** @returns standard output; anything but exit code 0 fails the test */
export async function plainRestic(how: PlainRestic, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryPlainRestic(how, args);
  if (code === 0) return stdout;
  throw new Error(`restic ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}

export async function tryPlainRestic(
  { repository, password, env = {} }: PlainRestic,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  return await new Promise((resolve, reject) => {
    const child = spawn(RESTIC, ['--no-cache', '-r', repository, ...args], {
      env: { PATH, HOME, RESTIC_PASSWORD: password, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += String(chunk)));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

export interface PlainSnapshot {
  readonly id: string;
  readonly tags?: string[];
  readonly paths: string[];
}

export async function plainSnapshots(how: PlainRestic): Promise<PlainSnapshot[]> {
  return JSON.parse(await plainRestic(how, ['snapshots', '--json'])) as PlainSnapshot[];
}

/** The six words of a recovery kit, as they are typed as a password. */
export function recoveryWords(kitFile: string): string {
  const lines = readFileSync(kitFile, 'utf8').matchAll(/^ {2}\d+ {2}(\S+)$/gm);
  return [...lines].map(([, word]) => word).join(' ');
}
