import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { SpaceFaults } from '../../space/faults.ts';
import { writePrice } from '../../space/state/price.ts';
import { TestSystem } from '../harness/system.ts';

const MB = 1_000_000;
const QUOTA = 60 * MB;
const BIG = 100 * MB;
/** Of restic; what was being filled when it stopped is sent again. */
const PACK = 17 * MB;

let system: TestSystem;
let faults: SpaceFaults;
let source: string;

const stored = (): number => {
  const [account] = system.space.state.accounts.list();
  return system.space.storage.accountUsage(account?.id ?? '').bytes;
};

/** Storages of other makers: once full they answer every write, also of a lock, with QuotaExceeded, as Ceph does. */
let packsThatFit = Infinity;
/** So slow that the agent sees what it costs before all is there. */
let packEveryMs = 0;
let packsSeen = 0;
const asOthersDo = {
  before({ operation, key }: { operation: string; key: string }) {
    if (operation !== 'PutObject') return undefined;
    const isPack = key.includes('/data/');
    if (isPack && packEveryMs > 0) return { delayMs: packEveryMs * (packsSeen += 1) };
    if (isPack && packsThatFit > 0) packsThatFit -= 1;
    return packsThatFit > 0 ? undefined : { status: 403, code: 'QuotaExceeded', message: '' };
  },
};

interface Kind {
  readonly name: string;
  readonly quotaBytes: number;
  readonly limit: () => void;
  readonly makeRoom: () => void;
}

const KINDS: readonly Kind[] = [
  {
    name: 'the reference Space, which answers AccessDenied',
    quotaBytes: QUOTA,
    limit: () => undefined,
    makeRoom: () => system.space.state.accounts.setLimits('alice@olares.com', { quotaBytes: 10 * BIG }),
  },
  {
    name: 'a storage that answers QuotaExceeded',
    quotaBytes: 10 * BIG,
    limit: () => (packsThatFit = 4),
    makeRoom: () => (packsThatFit = Infinity),
  },
];

beforeEach(() => {
  faults = new SpaceFaults();
  faults.storage = asOthersDo;
  packsThatFit = Infinity;
  packEveryMs = 0;
  packsSeen = 0;
});
afterEach(() => system[Symbol.asyncDispose]());

/** What does not fit is not begun. */
async function beginsNoFirst(films: string): Promise<void> {
  await system.addPlan('films', [films, source], ['--exclude', 'kept']);
  const before = stored();
  const refused = await system.cli(['backup', 'films']);
  expect(refused).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(
      /about 95\.4 MiB more are needed, for the first snapshot of 1 file \(95\.4 MiB\).*--ignore-estimate/s,
    ),
  });
  expect(stored()).toBe(before);
  expect((await system.done(['usage'])).stdout).toMatch(/films +.*about 95\.4 MiB, does not fit/);
}

/** The plan may cost 1 EUR, which buys 20 MB more. Data come in one pack a second. */
async function staysWithinWhatWasAgreed(): Promise<void> {
  const included = stored();
  system.space.state.accounts.setLimits('alice@olares.com', {
    quotaBytes: included,
    overageBytes: 1024 * MB,
  });
  writePrice(system.space.state, { currency: 'EUR', perGibMonth: 1024 ** 3 / (20 * MB) });
  packEveryMs = 1000;
  writeFileSync(join(source, 'more'), randomBytes(BIG));
  const dear = await system.cli(['backup', 'photos']);
  expect([dear.code, dear.stderr]).toEqual([
    13,
    expect.stringMatching(/what was uploaded whole is kept.*no more than 1 EUR a month was agreed to/s),
  ]);
  expect(stored() - included).toBeGreaterThan(20 * MB);
  expect(stored() - included).toBeLessThan(BIG);
}

describe.each(KINDS)('$name', ({ quotaBytes, limit, makeRoom }) => {
  beforeEach(async () => {
    system = await TestSystem.paired({ quotaBytes, faults });
    source = system.folder('source');
    writeFileSync(join(source, 'kept'), randomBytes(MB));
    await system.addPlan('photos', [source], ['--quota-policy', 'pay:1eur']);
    await system.done(['backup', 'photos']);
  });

  test('that becomes full in the middle ends the upload cleanly, keeps what is there, and goes on from it', async () => {
    const good = readFileSync(join(source, 'kept'));
    const films = system.folder('films');
    writeFileSync(join(films, 'big'), randomBytes(BIG));
    if (quotaBytes === QUOTA) await beginsNoFirst(films);
    renameSync(join(films, 'big'), join(source, 'big'));
    limit();

    const startedAt = performance.now();
    const full = await system.cli(['backup', 'photos']);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(full.code).toBe(13);
    expect(full.stderr).toMatch(/full|used/);
    expect(full.stderr).toMatch(/safe/);
    const kept = stored();
    expect(kept).toBeGreaterThan(MB + 2 * 16 * MB);

    const target = join(system.dir, 'restored');
    const password = ['--password-file', system.passwordFile, '--yes'];
    await system.done(['restore', 'latest', '--plan', 'photos', '--target', target, ...password]);
    expect(readFileSync(join(target, 'kept')).equals(good)).toBe(true);

    makeRoom();
    await system.done(['backup', 'photos']);
    const sent = stored() - kept;
    const missing = BIG + MB - kept;
    expect(sent).toBeLessThan(missing + PACK + 0.05 * BIG);
    const [last] = await system.json<Job[]>(['job', 'list']);
    expect(last?.state).toBe('succeeded');
    if (quotaBytes === QUOTA) await staysWithinWhatWasAgreed();
    if (process.env['PRINT_FIGURES']) console.info(JSON.stringify({ kept, sent, missing }));
  });
});
