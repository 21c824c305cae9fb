// How long a person waits between Enter and the verdict on a password, against one scrypt check by restic.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { plainRestic } from './plain.mjs';

const WRONG_PASSWORD = 12;

/** @returns `{agent, plain}`: milliseconds of each run, interleaved */
export async function measureVerdict({ root, dir, plain, runs }) {
  const stateDir = mkdtempSync(join(dir, 'verdict-'));
  mkdirSync(join(stateDir, 'run'), { mode: 0o700 });
  const capsule = capsuleOf(plain.repository);
  const times = { agent: [], plain: [] };
  for (let run = 0; run < runs; run += 1) {
    times.plain.push(await plainRestic({ ...plain, password: 'wrong' }, ['cat', 'config'], [WRONG_PASSWORD]));
    times.agent.push(await askHelper({ root, stateDir, restic: plain.restic, capsule }));
  }
  return times;
}

/** The copy of a repository's config and keys that the agent keeps. */
function capsuleOf(repository) {
  const read = (path) => readFileSync(join(repository, path), 'base64');
  const keys = readdirSync(join(repository, 'keys')).map((id) => ({
    id,
    role: 'user',
    content: read(join('keys', id)),
  }));
  return { repositoryId: 'a'.repeat(64), config: read('config'), keys };
}

/** From the password's last byte to the answer; the helper was waiting for it, as it does while a person types. */
async function askHelper({ root, stateDir, restic, capsule }) {
  const program = join(root, 'dist', 'olares-backup-helper.mjs');
  const helper = spawn(process.execPath, [program, 'keycheck', '--state-dir', stateDir], {
    env: { PATH: process.env.PATH, RESTIC_BIN: restic },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(helper, 'exit');
  const channelPath = join(stateDir, 'run', `${randomUUID()}.sock`);
  const lines = createInterface({ input: helper.stdout })[Symbol.asyncIterator]();
  helper.stdin.write(
    `${JSON.stringify({
      verb: 'keycheck',
      capsule,
      keyIds: [capsule.keys[0].id],
      channelPath,
      grant: {
        requestId: randomUUID(),
        snapshotId: 'b'.repeat(64),
        target: '/nowhere',
        expiresAt: Date.now() + 60_000,
      },
    })}\n`,
  );
  const { value } = await lines.next();
  if (!value?.includes('"ready"')) throw new Error(`the helper answered ${value}`);
  const terminal = connect(channelPath);
  await once(terminal, 'connect');
  const start = performance.now();
  terminal.write(`${JSON.stringify({ password: 'wrong' })}\n`);
  const [verdict] = await once(terminal, 'data');
  const took = performance.now() - start;
  if (!String(verdict).includes('wrong_password')) throw new Error(`the verdict was ${verdict}`);
  terminal.destroy();
  helper.stdin.end();
  await ended;
  return took;
}
