import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError, costOf, type Usage } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { createQuotaGuard } from './quota-guard.ts';
import { allowedBytes, judge, policyOf, type QuotaPolicy } from './verdict.ts';

const GB = 1024 ** 3;
const NEXT = { bytes: GB, by: 'by the last snapshots' };
const PLAN = '11111111-1111-4111-8111-111111111111';
const STOP: QuotaPolicy = { atLimit: 'stop', payUpTo: undefined };
const MAKE_ROOM: QuotaPolicy = { atLimit: 'make-room', payUpTo: undefined };
const pay = (amount: number, currency = 'EUR'): QuotaPolicy => ({
  atLimit: 'pay',
  payUpTo: { amount, currency },
});

const usage = (usedGb: number, more: Partial<Usage> = {}): Usage => ({
  source: 'space',
  totalBytes: 10 * GB,
  usedBytes: usedGb * GB,
  freeBytes: Math.max(0, 10 - usedGb) * GB,
  canBackup: true,
  planLevel: 1,
  reclaimableBytes: GB,
  measuredAt: 1,
  byPlan: [{ planId: PLAN, planName: 'photos', storedBytes: 4 * GB }],
  ...more,
});
const sold = (usedGb: number, perGibMonth = 0.5): Usage =>
  usage(usedGb, {
    price: { currency: 'EUR', perGibMonth },
    overage: { limitBytes: 100 * GB, usedBytes: Math.max(0, usedGb - 10) * GB },
  });

describe('the next snapshot', () => {
  it.each([
    ['has room', usage(8), STOP, true],
    ['has none', usage(9.5), STOP, false],
    ['is not paid for unasked', sold(9.5), STOP, false],
    ['is paid for within what was agreed to', sold(9.5), pay(1), true],
    ['is not paid for beyond it', sold(13), pay(1), false],
    ['is not paid for in another currency', sold(9.5), pay(100, 'JPY'), false],
    ['is not paid for where nothing is sold', usage(9.5), pay(100), false],
    ['needs no leave where more costs nothing', sold(9.5, 0), STOP, true],
    ['has a total that nobody knows', usage(9.5, { totalBytes: 0 }), STOP, true],
    ['is not wanted by Space', usage(1, { canBackup: false }), pay(100), false],
  ])('%s', (_name, state, policy, fits) => {
    expect(judge(state, policy, NEXT).fits).toBe(fits);
  });

  it('that is paid for has its price', () => {
    expect(judge(sold(9.5), pay(1), NEXT)).toMatchObject({ fits: true, costPerMonth: 0.25 });
  });

  it.each([
    ['stop', STOP, ['snapshots are safe', '0.5 EUR per GiB']],
    ['make-room', MAKE_ROOM, ['removes no snapshots', 'could free 1.0 GiB', '"photos" (4.0 GiB)']],
    ['pay', pay(1), ['no more than 1 EUR a month was agreed to']],
    ['pay in another currency', pay(1, 'JPY'), ['what was agreed to is in JPY']],
  ])('that does not fit has the ways out of %s', (_name, policy, words) => {
    const verdict = judge(sold(13), policy, NEXT);
    if (verdict.fits) throw new Error('it fits');
    for (const word of words) expect(verdict.hint).toContain(word);
  });
});

it('costs are rounded up, and nothing is allowed that would cost more', () => {
  expect(costOf(GB + 1, 0.5)).toBe(0.51);
  expect(costOf(-1, 0.5)).toBe(0);
  const allowed = allowedBytes(sold(9), pay(1)) ?? 0;
  expect(allowed).toBe(12 * GB);
  expect(costOf(allowed - 10 * GB, 0.5)).toBeLessThanOrEqual(1);
});

describe('an upload', () => {
  afterEach(() => vi.useRealTimers());

  it.each([
    ['ends when it would cost what nobody agreed to', sold(10.1), STOP, true],
    ['goes on while it costs less than was agreed to', sold(11), pay(1), false],
    ['ends when it costs more than was agreed to', sold(12.1), pay(1), true],
    ['is left to Space where nothing is sold', usage(10.1), STOP, false],
  ])('%s', async (_name, state, policy, isEnded) => {
    vi.useFakeTimers();
    using watch = createQuotaGuard({
      get: () => Promise.resolve(state),
      policy,
      log: silentLog,
      isAtSpace: true,
    });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(watch.signal.aborted).toBe(isEnded);
  });
});

describe('the end of an upload', () => {
  const guard = (isAtSpace: boolean, state = usage(10)) =>
    createQuotaGuard({ get: () => Promise.resolve(state), policy: STOP, log: silentLog, isAtSpace });

  it('at the limit says how much is used, that all is safe, and that it goes on from there', async () => {
    using watch = guard(true);
    const error = await watch.explain(new AppError('quota_exceeded', 'full'));
    expect(error).toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(/10\.0 GiB of 10\.0 GiB .* next run goes on/),
      hint: expect.stringContaining('snapshots are safe'),
    });
  });
  it('below the limit does not claim that all is used', async () => {
    using watch = guard(true, usage(9));
    expect(await watch.explain(new AppError('quota_exceeded', 'full'))).toMatchObject({
      message: expect.stringMatching(/nearly full: 9\.0 GiB of 10\.0 GiB .* next part did not fit/),
    });
  });
  it('at a storage without a meter claims no figure', async () => {
    using watch = guard(false);
    const error = (await watch.explain(new AppError('quota_exceeded', 'full'))) as AppError;
    expect(error.message).not.toMatch(/\d/);
  });
  it('for another reason is as it was', async () => {
    using watch = guard(true);
    const error = new AppError('unreachable', 'away');
    expect(await watch.explain(error)).toBe(error);
  });
});

it.each([
  [null, STOP, STOP],
  [undefined, MAKE_ROOM, MAKE_ROOM],
  ['stop', pay(5), STOP],
  ['make-room', pay(5), MAKE_ROOM],
  ['pay:2.50 USD', STOP, pay(2.5, 'USD')],
])('the policy %j of a plan counts more than that of the settings', (quotaPolicy, settings, expected) => {
  expect(policyOf(settings, { quotaPolicy })).toEqual(expected);
});
