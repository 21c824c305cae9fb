import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import type { SecretMessage, SecretVerdict } from '../../../contract/index.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The real helper program, bundled as it ships. Dispose it after the tests. */
export interface RealHelper {
  readonly command: readonly string[];
  readonly resticBin: string | undefined;
  dispose(): void;
}

export async function buildRealHelper(): Promise<RealHelper> {
  const directory = mkdtempSync(join(tmpdir(), 'helper-'));
  const outfile = join(directory, 'dist', 'helper.mjs');
  await build({
    entryPoints: [join(ROOT, 'helper/main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return {
    command: [process.execPath, outfile],
    resticBin: findRestic(),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function findRestic(): string | undefined {
  const named = process.env['RESTIC_BIN'];
  return named ?? [join(ROOT, '.tools/bin/restic')].find((path) => existsSync(path));
}

/** What the CLI does: one line in, one line out. */
export async function sendSecret(socketPath: string, secret: SecretMessage): Promise<SecretVerdict> {
  const socket = connect(socketPath);
  socket.write(`${JSON.stringify(secret)}\n`);
  return JSON.parse(await text(socket)) as SecretVerdict;
}
