#!/usr/bin/env node
// `npm run bench`: the agent beside plain restic, on this machine. Runs alternate, so that both meet the same weather.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { must } from '../../scripts/start/stack.mjs';
import { compareAt, ROUNDS } from './compare.mjs';
import { measureIdle, measureReady } from './idle.mjs';
import { openBench } from './open-bench.mjs';
import { plainRestic } from './plain.mjs';
import { median, ratioRow, spread, table } from './table.mjs';
import { measureVerdict } from './verdict.mjs';

const HELP = `npm run bench [-- OPTIONS]

  --mib N     size of the data, default 64
  --big       the same as --mib 1024
  --runs N    of each measurement, default 3
`;
const IDLE_SECONDS = 10;
const PLACES = { directory: 'a directory', space: "the Space's S3" };

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const print = (text = '') => process.stdout.write(`${text}\n`);
const say = (text) => process.stderr.write(`bench: ${text}\n`);

async function main() {
  const { mebibytes, runs } = readArguments();
  const bench = await openBench({ root, say });
  try {
    printMachine(bench, { mebibytes, runs });
    const all = {};
    for (const place of Object.keys(PLACES))
      all[place] = await compareAt({ bench, place, mebibytes, runs, say });
    printSnapshots(all);
    printRestores(all);
    await printPassword(bench, runs);
    await printDaemon(bench, runs);
  } finally {
    await bench.close();
  }
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      mib: { type: 'string', default: '64' },
      runs: { type: 'string', default: '3' },
      big: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    print(HELP);
    process.exit(0);
  }
  return {
    mebibytes: values.big ? 1024 : positive('--mib', values.mib),
    runs: positive('--runs', values.runs),
  };
}

function positive(name, text) {
  if (/^[1-9][0-9]*$/.test(text)) return Number(text);
  throw new Error(`${name} is "${text}", but must be a whole number above 0`);
}

function printMachine({ realRestic }, { mebibytes, runs }) {
  const version = execFileSync(realRestic, ['version'], { encoding: 'utf8' })
    .split(' ')
    .slice(0, 2)
    .join(' ');
  const [processor] = cpus();
  print(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${processor.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ` +
      `Node ${process.version}, ${version}; ${mebibytes} MiB of data, ${runs} runs\n`,
  );
}

function printSnapshots(all) {
  const rows = Object.entries(all).flatMap(([place, { backups }]) =>
    ROUNDS.map((round) => {
      const { agent, plain, outside, starts } = backups[round];
      const row = ratioRow(`${round}, to ${PLACES[place]}`, agent, plain, 1.05);
      return [...row, `${median(outside).toFixed(0)} (${spread(outside)})`, spread(starts)];
    }),
  );
  print(
    table(
      [
        'snapshot: the whole command',
        'plain ms',
        'agent ms',
        'ratio',
        'each run',
        'reach',
        'job outside restic, ms',
        'restic starts',
      ],
      rows,
    ),
  );
  print();
}

function printRestores(all) {
  const rows = Object.entries(all).flatMap(([place, { restores }]) => [
    ratioRow(`from ${PLACES[place]}, without verification`, restores.agent, restores.plain, 1.05),
    ratioRow('the job alone, from the right password on', restores.job, restores.plain, 1.05),
    ratioRow(`from ${PLACES[place]}, verified by both`, restores.agentVerified, restores.plainVerified),
    ratioRow('the job alone', restores.jobVerified, restores.plainVerified),
  ]);
  print(
    table(
      ['restore: the whole command, and the job', 'plain ms', 'agent ms', 'ratio', 'each run', 'reach'],
      rows,
    ),
  );
  print();
}

async function printPassword({ dir, root: project, realRestic }, runs) {
  const plain = {
    restic: realRestic,
    home: join(dir, 'verdict-home'),
    repository: join(dir, 'verdict-repository'),
    password: 'right',
  };
  mkdirSync(plain.home);
  await plainRestic(plain, ['init']);
  const { agent, plain: checks } = await measureVerdict({ root: project, dir, plain, runs: runs + 2 });
  const row = ratioRow('wrong password, from Enter to the verdict', agent, checks, 1.1);
  print(table(['password', 'plain ms', 'agent ms', 'ratio', 'each run', 'reach'], [row]));
  print();
}

async function printDaemon(bench, runs) {
  const ready = await measureReady({ root, dir: bench.dir, runs: runs + 2 });
  const { rssMiB, cpuPercent } = await measureIdle(bench.daemonPid, IDLE_SECONDS);
  const status = await timesOf(runs + 2, () => must(bench.cli(['status'])));
  const rows = [
    ['daemon: spawn to ready, ms', median(ready).toFixed(0), spread(ready), '500'],
    [`daemon after all this: resident memory, MiB`, rssMiB.toFixed(1), '', '80'],
    [`daemon: processor use while idle for ${IDLE_SECONDS} s, %`, cpuPercent.toFixed(2), '', '0.2'],
    ['olares-backup status, ms', median(status).toFixed(0), spread(status), '150'],
  ];
  print(table(['program', 'median', 'all', 'reach'], rows));
}

async function timesOf(runs, work) {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times;
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
