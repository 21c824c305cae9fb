import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, type JobResult } from '../../../contract/index.ts';
import { systemClock } from '../../base/clock.ts';
import { systemChance } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { openStore } from '../../store/open-store.ts';
import { createJobs } from '../create-jobs.ts';

// An agent with nothing but jobs, to be killed at any moment. It says on stdout what it has acknowledged.
const say = (line: string) => writeSync(1, `${line}\n`);
const store = openStore({ path: process.argv[2] ?? '', clock: systemClock, log: silentLog });
const jobs = createJobs({
  store,
  clock: systemClock,
  chance: systemChance,
  log: silentLog,
  limits: { retryBaseMs: 1, retryMaxMs: 5, giveUpAfterMs: 1e9 },
});
jobs.handle('backup', {
  async run({ job }) {
    await nextTurn();
    if (systemChance.integer(3) === 0)
      throw new AppError('unreachable', 'nobody there', { retry: 'backoff' });
    const result = {
      kind: 'check' as const,
      durationMs: 0,
      readDataPercent: 0,
      problems: [],
    } satisfies JobResult;
    const commit = () =>
      store.facts.set(`ledger.${job.id}`, ((store.facts.get(`ledger.${job.id}`) as number) ?? 0) + 1);
    return { state: 'succeeded' as const, result, commit };
  },
  onInterrupted: () => 'requeue',
});
jobs.start();
say('ready');
let told = store.events.newestSeq();
for (let n = 0; ; n++) {
  const { id } = jobs.request({
    kind: 'backup',
    planId: `plan ${n % 5}`,
    lane: String(n % 5),
    cause: 'user',
  });
  say(`requested ${id}`);
  if (n % 20 === 0) void store.copy();
  await nextTurn();
  for (const event of store.events.after(told, 1000)) {
    told = event.seq;
    if (event.kind === 'job.state' && event.body.job.endedAt) say(`ended ${event.body.job.id}`);
  }
}
