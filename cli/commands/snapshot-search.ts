import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { AppError, type FindAnswer } from '../../contract/index.ts';
import { diffLines, findLines } from '../output/index-lines.ts';
import { plural } from '../output/format.ts';
import { wholeNumber } from '../parse/option-values.ts';
import type { OpenSession, Session } from '../session.ts';

interface FindOptions {
  readonly plan?: string;
  readonly limit?: number;
  readonly now?: boolean;
}

const MOST = 1000;

export function registerSnapshotSearch(snapshot: Command, open: OpenSession): void {
  snapshot
    .command('find')
    .description('search for files by name, over all snapshots')
    .argument('<pattern>', "part of a name; in quotes with * and ? the whole: '*.jpg', 'Photos/**/*.jpg'")
    .option('--plan <plan>', 'only in the snapshots of this plan')
    .option('--limit <count>', 'most files to show (default: 100)', wholeNumber('--limit', 1, MOST))
    .option('--now', 'do not wait for snapshots whose list was not read yet')
    .action(async (pattern: string, options: FindOptions, command: Command) => {
      const session = open(command);
      const found = await find(session, pattern, options);
      session.print.result(found, () => findLines(found, session.print));
      tellGaps(session, found);
    });
  snapshot
    .command('diff')
    .description('what the second of two snapshots has otherwise than the first')
    .argument('<a>', 'id of a snapshot, or the beginning of it')
    .argument('<b>', 'id of another one of the same plan')
    .option('--limit <count>', 'most files to show (default: 100)', wholeNumber('--limit', 1, MOST))
    .action(async (a: string, b: string, { limit }: { limit?: number }, command: Command) => {
      const session = open(command);
      const query = { a, b, ...(limit === undefined ? {} : { limit }) };
      const found = await patiently(session, () => session.api.call('diffSnapshots', { query }));
      session.print.result(found, () => diffLines(found, session.print));
    });
}

async function find({ api, print }: Session, pattern: string, options: FindOptions): Promise<FindAnswer> {
  const { plan, limit, now = false } = options;
  const query = {
    pattern,
    wait: !now,
    ...(plan === undefined ? {} : { plan }),
    ...(limit === undefined ? {} : { limit }),
  };
  let told = -1;
  for (;;) {
    const found = await api.call('findFiles', { query });
    const { indexed, snapshots, problem } = found.index;
    if (now || indexed >= snapshots || problem !== undefined) return found;
    if (told < 0)
      print.note('Reading the lists of the snapshots, once. Ctrl-C leaves; it goes on by itself.');
    if (indexed > told) print.note(`${indexed} of ${plural(snapshots, 'snapshot')} read`);
    told = indexed;
  }
}

function tellGaps({ print, endWith }: Session, { index }: FindAnswer): void {
  const { indexed, snapshots, problem } = index;
  if (indexed >= snapshots) return;
  print.warn(`looked through ${indexed} of ${plural(snapshots, 'snapshot')}${problem ? `: ${problem}` : ''}`);
  endWith('partial');
}

/** Asks again while the agent says that it is not far enough. */
async function patiently<T>({ print }: Session, ask: () => Promise<T>): Promise<T> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'try_later')) throw error;
      if (isFirst)
        print.note('Reading the lists of the two snapshots, once. Ctrl-C leaves; it goes on by itself.');
      await delay(error.retryAfterMs ?? 1_000);
    }
  }
}
