import { expect, test } from 'vitest';
import { uploadOnShortKeys, type ShortKeysOptions } from './short-keys.ts';

/** `long` by scripts/short-keys.mjs: minutes instead of seconds. */
const IS_LONG = process.env['SHORT_KEYS'] === 'long';
const LONG = { lifeSeconds: 15, megabytes: 330, bytesPerSecond: 2 ** 20 };
const SHORT = { lifeSeconds: 4, megabytes: 96, bytesPerSecond: 6 * 2 ** 20 };

test.each<[string, ShortKeysOptions]>(
  IS_LONG
    ? [
        ['with Space there all the time', { ...LONG, outageMs: 0 }],
        ['with Space away for a minute in the middle', { ...LONG, outageMs: 60_000 }],
      ]
    : [['with Space away in the middle', { ...SHORT, outageMs: 6_000 }]],
)(
  'an upload outlives its storage keys many times, %s: one restic, nothing refused, no secret in sight',
  { timeout: 20 * 60_000 },
  async (_name, options) => {
    const figures = await uploadOnShortKeys(options);
    if (IS_LONG) process.stdout.write(`${JSON.stringify({ ...options, ...figures })}\n`);
    expect(figures).toMatchObject({ state: 'succeeded', refused: 0, resticProcesses: 1, secretsSeen: [] });
    const lives = (figures.uploadSeconds - options.outageMs / 1000) / options.lifeSeconds;
    expect(figures.keysIssued).toBeGreaterThanOrEqual(Math.floor(lives / 2));
    expect(figures.metByOutage > 0).toBe(options.outageMs > 0);
    expect(figures.uploadSeconds).toBeGreaterThanOrEqual(IS_LONG ? 300 : 0);
  },
);
