import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench } from '../testing/bench.ts';
import { at, restoreTo, takeSnapshot, times, type Taken } from '../testing/proof-bench.ts';
import { ATTACKS, growTree, isRoot, RaceField } from '../testing/race-field.ts';
import { openPrograms, SETTINGS, type Setting, type SettingBench } from '../testing/settings.ts';

const RACES = times(5);
const isFull = RACES > 5;

describe('a restore into a directory whose owner works against it', () => {
  const bench = new Bench();
  let field: RaceField;
  let taken: Taken;
  let hasCapability = false;
  let benchOf: (setting: Setting, name: string) => SettingBench;

  beforeAll(async () => {
    chmodSync(bench.root, 0o755);
    await bench.makeRepository();
    const source = at(bench, 'source');
    growTree(source);
    hasCapability =
      isRoot && spawnSync('setcap', ['cap_sys_admin+ep', join(source, 'sub', 'file9')]).status === 0;
    field = new RaceField(bench.root);
    taken = await takeSnapshot(bench, source);
    if (isRoot) benchOf = await openPrograms(bench);
  });
  afterAll(() => bench[Symbol.dispose]());

  const KINDS = ['new', 'in place', 'paths in place'] as const;
  const choiceOf = (kind: (typeof KINDS)[number]): HelperRequestOf<'restore'>['choice'] => ({
    // What lies in the staging directory is not the question here.
    verify: false,
    ...(kind !== 'new' && { inPlace: true }),
    ...(kind === 'paths in place' && {
      include: ['sub/file0', 'file'].map((way) => join(taken.source, way)),
    }),
  });

  /** @returns how they ended, and how often each attack came about */
  const raceAll = async (who: Pick<Bench, 'common' | 'grant' | 'ask'>, count: number, waits: boolean) => {
    const ends: Record<string, number> = {};
    const swapped: Record<string, number> = {};
    for (let run = 0; run < count; run += 1) {
      const kind = KINDS[run % KINDS.length] ?? 'new';
      const attack = waits ? (ATTACKS[run % ATTACKS.length] ?? 'all') : 'all';
      const race = { attack, name: `target${run}`, isTrap: kind !== 'new', waits };
      const { ended, swaps } = await field.race(
        race,
        async (target) => await restoreTo({ ...taken, bench: who }, { target, choice: choiceOf(kind) }),
      );
      add(ends, ended.error?.code ?? 'restored', 1);
      add(swapped, attack, swaps);
      expect(field.isDecoyWhole(), `run ${run}, ${kind}, ${attack}`).toBe(true);
    }
    process.stdout.write(`${count} races: ${JSON.stringify({ ends, swapped })}\n`);
    // An attack that never came about proves nothing.
    for (const attack of waits ? ATTACKS.slice(0, count) : (['all'] as const))
      expect(swapped[attack], attack).toBeGreaterThan(0);
    return ends;
  };

  it(`changes nothing but its target, ${RACES} times`, async () => {
    field.restoreAs(process.geteuid?.() ?? 0);
    const ends = await raceAll(bench, RACES, true);
    expect(ends['restored'] ?? 0).toBeGreaterThanOrEqual(isFull ? 1 : 0);
  }, 3_600_000);

  describe.runIf(isRoot)('in other settings', () => {
    const able = SETTINGS.filter(({ mayMakeJail }) => mayMakeJail);
    const unable = SETTINGS.filter(({ mayMakeJail }) => !mayMakeJail);

    /** One restore that nobody disturbs, in a directory of the user's own. */
    const quiet = async (setting: Setting, name: string) => {
      execFileSync('chown', ['-R', `${setting.uid}`, bench.repository]);
      field.restoreAs(setting.uid);
      const who = benchOf(setting, `state-${name}`);
      const folder = at(bench, name);
      mkdirSync(folder);
      chownSync(folder, setting.uid, setting.uid);
      const target = join(folder, 'target');
      return { who, folder, target, ...(await restoreTo({ ...taken, bench: who }, { target })) };
    };

    it.each(able)(
      'works and is as safe: $name',
      async (setting) => {
        const { who, target, result, error } = await quiet(setting, `able-${able.indexOf(setting)}`);
        expect(error).toBeUndefined();
        expect(result.skipped.count).toBe(0);
        // Only root can give files away.
        expect(result.warnings.join('')).toContain(setting.uid === 0 ? '' : 'another owner');
        expect(result.stripped.count).toBe(setting.uid === 0 && hasCapability ? 1 : 0);
        expect(readFileSync(join(target, 'file'), 'utf8')).toBe(`file of ${taken.source}`);
        const ends = await raceAll(who, isFull ? RACES : 2, true);
        expect(ends['restored'] ?? 0).toBeGreaterThanOrEqual(isFull ? 1 : 0);
      },
      3_600_000,
    );

    it.each(unable)(
      'is refused, with the reason and the way out, and makes nothing: $name',
      async (setting) => {
        const name = `unable-${unable.indexOf(setting)}`;
        const { who, folder, error } = await quiet(setting, name);
        expect(error).toMatchObject({
          code: 'refused',
          message: expect.stringMatching(
            /jail .* cannot be made here: Creating new namespace failed/,
          ) as string,
          hint: expect.stringContaining(
            setting.uid === 0 ? '--cap-add SYS_ADMIN' : 'user namespaces',
          ) as string,
        });
        expect(readdirSync(folder)).toEqual([]);
        const { result } = await who.ask<'version'>({ verb: 'version' });
        expect(result.jailFault).toEqual({ message: error.message, hint: error.hint });
        const state = at(bench, `state-${name}`);
        expect(readdirSync(state).toSorted()).toEqual(['grants', 'keys']);
        expect(readdirSync(join(state, 'grants'))).toHaveLength(1);
        const count = isFull ? RACES : 1;
        expect(await raceAll(who, count, false)).toEqual({ refused: count });
        expect(field.staged()).toEqual([]);
      },
      3_600_000,
    );
  });
});

function add(counts: Record<string, number>, what: string, number: number): void {
  counts[what] = (counts[what] ?? 0) + number;
}
