import * as Type from 'typebox';
import type { Static } from 'typebox';
import { parser } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';

export const DAY_MS = 86_400_000;
const FACT = 'usage.samples';
/** A season: older habits say little about the next weeks. */
const DAYS_KEPT = 90;

const DaySample = Type.Object({
  /** Days since 1970, UTC. */
  day: Type.Integer({ minimum: 0 }),
  usedBytes: Type.Integer({ minimum: 0 }),
});
export type DaySample = Static<typeof DaySample>;

const kept = parser(Type.Object({ account: Type.String(), days: Type.Array(DaySample) }));

type Facts = Pick<Store, 'facts'>;

/** What an account used at the end of each day, oldest first. */
export function usageSamples({ facts }: Facts, account: string): readonly DaySample[] {
  const fact = facts.get(FACT);
  return kept.check(fact) && fact.account === account ? fact.days : [];
}

/** The last reading of a day stands for it. Inside a commit. */
export function recordSample(
  store: Facts,
  account: string,
  reading: { usedBytes: number; at: number },
): void {
  const day = Math.floor(reading.at / DAY_MS);
  // A day to come can only stem from a clock that was wrong.
  const before = usageSamples(store, account).filter((sample) => sample.day < day);
  const days = [...before, { day, usedBytes: reading.usedBytes }].filter(
    (sample) => sample.day > day - DAYS_KEPT,
  );
  store.facts.set(FACT, { account, days });
}
