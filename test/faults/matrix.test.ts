import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAULTS } from '../harness/fault-actions.ts';
import { TARGETS } from '../harness/fault-targets.ts';
import { runCell } from './matrix/run-cell.ts';
import { MATRIX, TIMES, type MatrixCell } from './matrix/table.ts';
import { MatrixWorld } from './matrix/world.ts';

/** `all` or names in part, by `scripts/fault-matrix.mjs`; the ordinary tests run these. */
const WANTED = process.env['FAULT_MATRIX'];
const AGENTS = Number(process.env['FAULT_AGENTS'] ?? 1);
const REPORT = process.env['FAULT_REPORT'];
const ORDINARY = [
  '200 with null data at STS before',
  'refuse at STS refresh during',
  'reset after n bytes at snapshot save after',
  '200 with HTML at storage GET before',
  '429 at WebSocket during',
  '506 at save during',
];

const isWanted = ({ name }: MatrixCell): boolean => {
  if (WANTED === undefined) return ORDINARY.some((ordinary) => name.startsWith(ordinary));
  return WANTED === 'all' || WANTED.split(',').some((part) => name.includes(part));
};
const sensible = MATRIX.filter(({ cell }) => !('senseless' in cell)).filter(isWanted);

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly error?: string;
}

/** Several agents take the cells one after the other; after a failure an agent begins anew. */
async function runAll(
  cells: readonly MatrixCell[],
  isEncrypted: boolean,
  agents: number,
): Promise<Outcome[]> {
  const left = [...cells];
  const outcomes: Outcome[] = [];
  const work = async () => {
    let world: MatrixWorld | undefined;
    for (let cell = left.shift(); cell; cell = left.shift()) {
      const startedAt = performance.now();
      const error = await (async () =>
        runCell((world ??= await MatrixWorld.start(isEncrypted)), cell))().then(
        () => undefined,
        (thrown: unknown) => String(thrown),
      );
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
      outcomes.push({ name: cell.name, seconds, ...(error !== undefined && { error }) });
      if (WANTED !== undefined) process.stdout.write(`${error ?? 'ok'}: ${cell.name} (${seconds} s)\n`);
      if (error !== undefined) {
        await world?.[Symbol.asyncDispose]();
        world = undefined;
      }
    }
    await world?.[Symbol.asyncDispose]();
  };
  await Promise.all(Array.from({ length: Math.min(agents, cells.length) }, work));
  return outcomes;
}

test('the table knows every fault at every place at every time', () => {
  expect(MATRIX).toHaveLength(FAULTS.length * TARGETS.length * TIMES.length);
  expect(new Set(MATRIX.map(({ name }) => name)).size).toBe(MATRIX.length);
  const senseless = MATRIX.flatMap(({ cell }) => ('senseless' in cell ? [cell.senseless] : []));
  expect(senseless.filter((why) => why.length < 20)).toEqual([]);
});

test(
  'each fault ends in the right state with the right words, and heals',
  { timeout: 4 * 3_600_000 },
  async () => {
    expect(sensible.length).toBeGreaterThan(0);
    const [plain, encrypted] = [false, true].map((tls) =>
      sensible.filter(({ fault }) => (fault === 'wrong certificate') === tls),
    ) as [MatrixCell[], MatrixCell[]];
    const outcomes = [...(await runAll(plain, false, AGENTS)), ...(await runAll(encrypted, true, AGENTS))];
    if (REPORT !== undefined) writeFileSync(REPORT, JSON.stringify(outcomes, null, 2));
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(outcomes).toHaveLength(sensible.length);
  },
);
