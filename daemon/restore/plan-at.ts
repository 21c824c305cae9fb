import type { Location, Plan } from '../../contract/index.ts';

const NOBODYS = '00000000-0000-0000-0000-000000000000';

/** The plan that a repository without a plan would have: what the way to a location asks of one. */
export function planAt(location: Location): Plan {
  return {
    id: NOBODYS,
    name: 'recovery',
    paths: [],
    excludes: [],
    schedule: { kind: 'manual' },
    zone: 'UTC',
    location,
    state: 'unarmed',
    createdAt: 0,
    updatedAt: 0,
    keys: [],
    snapshotCount: 0,
    storedBytes: 0,
  };
}
