// The same data through the agent and through plain restic, in turns, to the same kind of place.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../scripts/start/stack.mjs';
import { changeOnePercent, makeData, warmUp } from './data.mjs';
import { plainRestic } from './plain.mjs';
import { ofBackup } from './restic-log.mjs';

export const ROUNDS = ['first', '1 % changed', 'unchanged'];
const RESTORES = [
  { suffix: '', ours: ['--no-verify'], plain: [] },
  { suffix: 'Verified', ours: [], plain: ['--verify'] },
];

/**
 * @param place `directory` or `space`
 * @returns times in milliseconds: `backups[round]` = `{agent, plain, outside, starts}`, and `restores` with and without
 * verification
 */
export async function compareAt({ bench, place, mebibytes, runs, say }) {
  const backups = Object.fromEntries(
    ROUNDS.map((round) => [round, { agent: [], plain: [], outside: [], starts: [] }]),
  );
  const restores = { agent: [], agentVerified: [], job: [], jobVerified: [], plain: [], plainVerified: [] };
  for (let run = 0; run < runs; run += 1) {
    say(`${place}: run ${run + 1} of ${runs}`);
    const pair = await openPair({ bench, place, mebibytes, name: `${place}-${run}` });
    for (const [index, round] of ROUNDS.entries()) {
      if (round === '1 % changed') changeOnePercent(pair.source, run);
      warmUp(pair.source);
      const turns = [() => agentBackup(bench, pair, backups[round]), () => plainBackup(pair, backups[round])];
      for (const turn of inTurns(turns, run + index)) await turn();
    }
    for (const [index, kind] of RESTORES.entries()) {
      const turns = [
        () => agentRestore(bench, pair, { kind, restores }),
        () => plainRestore(pair, { kind, restores }),
      ];
      for (const turn of inTurns(turns, run + index)) await turn();
    }
    rmSync(pair.dir, { recursive: true });
  }
  return { backups, restores };
}

const inTurns = (turns, round) => (round % 2 === 0 ? turns : turns.toReversed());

/** A new plan and a new plain repository for one folder of data. */
async function openPair({ bench, place, mebibytes, name }) {
  const dir = join(bench.dir, name);
  const source = join(dir, 'source');
  makeData(source, mebibytes, name);
  const location = join(dir, 'location');
  mkdirSync(location);
  const where = place === 'directory' ? ['--location', location] : [];
  const what = ['plan', 'add', name, '--path', source, '--schedule', 'manual', ...where];
  await must(bench.cli([...what, '--password-file', bench.passwordFile, '--yes']));
  const plan = JSON.parse((await must(bench.cli(['plan', 'show', name, '--json']))).stdout);
  const isLocal = place === 'directory';
  const plain = {
    restic: bench.restic.path,
    home: join(dir, 'home'),
    repository: isLocal ? join(dir, 'plain') : plan.repository.address.replace(/[^/]+$/, `plain-${name}`),
    password: randomBytes(12).toString('hex'),
    env: isLocal ? {} : bench.storageKeys,
  };
  mkdirSync(plain.home);
  await plainRestic(plain, ['init']);
  return { dir, source, name, plain };
}

async function agentBackup(bench, { name }, times) {
  bench.restic.take();
  const start = performance.now();
  const { stdout } = await must(bench.cli(['backup', name, '--json']));
  times.agent.push(performance.now() - start);
  const job = JSON.parse(stdout);
  const runs = ofBackup(bench.restic.take());
  const inside = runs.reduce((sum, { durationMs }) => sum + durationMs, 0);
  times.outside.push(Date.parse(job.endedAt) - Date.parse(job.startedAt) - inside);
  times.starts.push(runs.length);
}

async function plainBackup({ plain, source }, times) {
  times.plain.push(await plainRestic(plain, ['backup', source]));
}

async function agentRestore(bench, { dir, name }, { kind, restores }) {
  const target = join(dir, `by-agent${kind.suffix}`);
  const start = performance.now();
  const what = ['restore', 'latest', '--plan', name, '--target', target, '--yes', ...kind.ours];
  const { stdout } = await must(bench.cli([...what, '--password-file', bench.passwordFile, '--json']));
  restores[`agent${kind.suffix}`].push(performance.now() - start);
  const job = JSON.parse(stdout);
  restores[`job${kind.suffix}`].push(Date.parse(job.endedAt) - Date.parse(job.startedAt));
  rmSync(target, { recursive: true });
}

async function plainRestore({ plain, dir }, { kind, restores }) {
  const target = join(dir, `by-restic${kind.suffix}`);
  const took = await plainRestic(plain, ['restore', 'latest', '--target', target, ...kind.plain]);
  restores[`plain${kind.suffix}`].push(took);
  rmSync(target, { recursive: true });
}
