import * as Type from 'typebox';
import { AppError, parser } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import { parseBackupUrl } from './backup-url.ts';
import type { RequestRow, RestoreStore } from './restore-ports.ts';

export const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;

const tries = parser(
  Type.Object({ wrong: Type.Integer({ minimum: 0 }), lastAt: Type.Integer({ minimum: 0 }) }),
);

/** All requests of one repository share their tries, also those that name it by a Backup URL. */
export function subjectOf(row: Pick<RequestRow, 'planId' | 'backupUrl'>): string {
  return row.planId ?? (row.backupUrl === null ? 'url' : parseBackupUrl(row.backupUrl).planId);
}

export interface TryLimit {
  /**
   * @returns wrong passwords that may still be typed before there is a wait
   * @throws AppError `try_later` with the time to wait
   */
  require(subject: string): number;
  wrong(subject: string): void;
  right(subject: string): void;
}

/** Five free tries, then waits that double; kept over restarts, never a lock for good. */
export function createTryLimit(store: Pick<RestoreStore, 'facts' | 'commit'>, clock: Clock): TryLimit {
  const keyOf = (subject: string): string => `restore.tries.${subject}`;
  const read = (subject: string) => {
    const fact = store.facts.get(keyOf(subject));
    return tries.check(fact) ? fact : { wrong: 0, lastAt: 0 };
  };
  return {
    require(subject) {
      const { wrong, lastAt } = read(subject);
      const now = clock.now();
      // A clock that was set back must not make the wait longer than it ever is.
      const remainingMs = Math.min(lastAt + waitAfter(wrong) - now, waitAfter(wrong));
      if (remainingMs > 0) throw tooMany(remainingMs);
      return Math.max(0, FREE_TRIES - wrong);
    },
    wrong: (subject) =>
      store.commit(() =>
        store.facts.set(keyOf(subject), { wrong: read(subject).wrong + 1, lastAt: clock.now() }),
      ),
    right: (subject) => store.commit(() => store.facts.remove(keyOf(subject))),
  };
}

function waitAfter(wrong: number): number {
  if (wrong < FREE_TRIES) return 0;
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(wrong - FREE_TRIES, 10), LONGEST_WAIT_MS);
}

function tooMany(remainingMs: number): AppError {
  const seconds = Math.ceil(remainingMs / 1000);
  return new AppError('try_later', `too many wrong passwords: the next try is possible in ${seconds} s`, {
    hint: 'have a look at the kit meanwhile; nothing was changed and nothing is locked for good',
    retry: 'after_action',
    retryAfterMs: remainingMs,
  });
}
