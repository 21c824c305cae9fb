import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { HelperOutput, HelperRequest } from '../../contract/helper-messages.ts';
import { readLines } from '../engine/lines.ts';

/** Bundles the helper's program, as `npm run build` does. @returns its path */
export async function buildHelper(folder: string): Promise<string> {
  await build({
    entryPoints: [join(import.meta.dirname, '..', 'main.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return join(folder, 'main.mjs');
}

export interface HelperCommand {
  readonly command: readonly string[];
  readonly restic: string;
}

/** Asks a helper that runs as a process of its own. @returns all that it said, in order */
export async function askProgram(
  { command, restic }: HelperCommand,
  request: HelperRequest,
): Promise<HelperOutput[]> {
  const [program = '', ...args] = command;
  const env = { PATH: process.env['PATH'], RESTIC_BIN: restic };
  const child = spawn(program, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
  const outputs: HelperOutput[] = [];
  child.stdin.write(`${JSON.stringify(request)}\n`);
  await readLines(child.stdout, (line) => outputs.push(JSON.parse(line) as HelperOutput));
  child.stdin.destroy();
  return outputs;
}
