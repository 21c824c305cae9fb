import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SETTINGS_TAG, type Plan } from '../../contract/index.ts';
import { planAt } from '../restore/plan-at.ts';
import { isUnproven, PROVE_EVERY_MS } from './password-proof.ts';
import { settingsIn, settingsTag } from './settings-tag.ts';

const plan: Plan = {
  ...planAt({ kind: 'directory', path: '/disk' }),
  id: '0b0e6c1e-0000-4000-8000-000000000001',
  name: 'photos',
  paths: ['/home/me/Photos, all'],
  excludes: ['*.tmp'],
  schedule: { kind: 'daily', at: '02:00' },
};
const other: Plan = {
  ...plan,
  id: '0b0e6c1e-0000-4000-8000-000000000002',
  name: 'letters',
  repository: { id: 'ab'.repeat(32), address: '/disk/letters' },
};
const source = {
  plans: { list: () => [plan, other] },
  machineName: 'box',
  hostOf: () => 'olares-1234abcd',
  config: { limits: { uploadKiBPerSecond: 100 } },
};

describe('the settings in a snapshot', () => {
  it('come back whole, and hold nothing that restic would split', () => {
    const tag = settingsTag(source, plan);
    expect(tag).not.toMatch(/[,\s]/);
    expect(settingsIn(['operator=app', tag])).toMatchObject({
      machine: 'box',
      host: 'olares-1234abcd',
      plan: { id: plan.id, paths: plan.paths, excludes: ['*.tmp'], schedule: plan.schedule },
      others: [{ name: 'letters', address: '/disk/letters' }],
      config: source.config,
    });
  });

  it('leave out what is too long for an argument, and say so', () => {
    const random = (index: number) => `/${index.toString(36)}${'xyz'.repeat(index % 7)}${Math.sqrt(index)}`;
    const excludes = Array.from({ length: 4000 }, (_, index) => random(index));
    const tag = settingsTag(source, { ...plan, excludes });
    expect(tag.length).toBeLessThan(32 * 1024 + 1);
    expect(settingsIn([tag])).toMatchObject({
      plan: { paths: plan.paths, excludes: [] },
      leftOut: ['others', 'excludes'],
    });
  });

  it('carry limits of speed, but none that this agent would not obey as they are meant', () => {
    const limits = { upload: [{ kibPerSecond: 500, from: '08:00', to: '18:00' }] };
    const tag = settingsTag(source, { ...plan, limits });
    expect(settingsIn([tag])?.plan).toMatchObject({ name: 'photos', limits });
    const newer = { upload: [{ mbitPerHour: 3 }] } as unknown as NonNullable<Plan['limits']>;
    const read = settingsIn([settingsTag(source, { ...plan, limits: newer })]);
    expect(read).toMatchObject({ plan: { name: 'photos' }, leftOut: ['limits'] });
    expect(read?.plan).not.toHaveProperty('limits');
  });

  it.each([
    ['no tag', []],
    ['no text', [`${SETTINGS_TAG}!!!`]],
    ['another form', [`${SETTINGS_TAG}${deflateRawSync('{"version":2}').toString('base64url')}`]],
    ['a bomb', [`${SETTINGS_TAG}${deflateRawSync(Buffer.alloc(50_000_000)).toString('base64url')}`]],
  ])('are not there for %s', (_what, tags) => {
    expect(settingsIn(tags)).toBeUndefined();
  });
});

describe('a password', () => {
  const armed = (more: Partial<Plan>): Plan => ({ ...plan, state: 'armed', ...more });
  const key = { id: 'cd'.repeat(32), role: 'user' as const, createdAt: 1000 };
  it('is to be typed every 90 days, counted from when it was set or last typed right', () => {
    const later = 1000 + PROVE_EVERY_MS;
    expect(isUnproven(armed({ keys: [key] }), later)).toBe(false);
    expect(isUnproven(armed({ keys: [key] }), later + 1)).toBe(true);
    expect(isUnproven(armed({ keys: [key], passwordProvenAt: 2000 }), later + 1)).toBe(false);
    expect(isUnproven({ ...plan, keys: [key] }, later + 1)).toBe(false);
  });
});
