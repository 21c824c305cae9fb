import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/** The CLI as it is shipped: bundled, with what it loads late in files beside it. */
export interface BuiltProgram extends Disposable {
  readonly file: string;
}

export function buildProgram(): BuiltProgram {
  const folder = mkdtempSync(join(tmpdir(), 'olares-cli-build-'));
  const flags = [
    '--bundle',
    '--splitting',
    '--format=esm',
    '--platform=node',
    '--target=node20',
    '--log-level=warning',
  ];
  execFileSync(join(ROOT, 'node_modules', '.bin', 'esbuild'), [
    join(ROOT, 'cli', 'main.ts'),
    ...flags,
    '--out-extension:.js=.mjs',
    `--outdir=${folder}`,
    `--banner:js=${REQUIRE}`,
  ]);
  return {
    file: join(folder, 'main.mjs'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with all of stderr so far, whenever there is more. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** Runs the program without a terminal and with nothing of this process's environment. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { HOME: '/nonexistent', TZ: 'UTC', PATH: '/usr/bin:/bin', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
    options.onStderr?.(stderr, child);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}
