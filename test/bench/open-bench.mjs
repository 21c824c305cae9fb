// One Space and one agent for all measurements; every restic is started through a list of its runs, plain ones too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRestic } from '../../scripts/setup/restic.mjs';
import { runProgram } from '../../scripts/start/processes.mjs';
import { must, passwordFile, startStack } from '../../scripts/start/stack.mjs';
import { temporaryKeys } from './plain.mjs';
import { loggingRestic } from './restic-log.mjs';

const QUOTA_BYTES = String(100 * 2 ** 30);

export async function openBench({ root, say }) {
  const dir = mkdtempSync(join(tmpdir(), 'olares-backup-bench-'));
  const realRestic = await ensureRestic({ root, say });
  const restic = loggingRestic(dir, realRestic);
  // The daemon hands it on to its helpers.
  process.env.RESTIC_BIN = restic.path;
  const stack = await startStack({
    root,
    dir: join(dir, 'stack'),
    ports: { space: 0, page: 0 },
    spaceArgs: ['--quota', QUOTA_BYTES],
  });
  const answer = await must(
    runProgram({
      root,
      name: 'olares-space',
      args: ['pairing-code', '--data', stack.spaceDir, '--name', 'alice@olares.com', '--json'],
    }),
  );
  return {
    root,
    dir,
    restic,
    realRestic,
    cli: stack.cli,
    daemonPid: stack.agent.child.pid,
    passwordFile: passwordFile(dir).path,
    storageKeys: await temporaryKeys(stack.space.ready.url, JSON.parse(answer.stdout).code),
    async close() {
      await stack.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
