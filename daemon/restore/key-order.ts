import type { Capsule } from '../../contract/index.ts';

const MAX_KEYS = 8;

/** Keys of a capsule in the order in which a typed password is tried; a machine's key is never typed. */
export function keyIdsOf({ keys }: Capsule): string[] {
  const order = ['user', 'recovery', 'other'] as const;
  return order
    .flatMap((role) => keys.filter((key) => key.role === role).map(({ id }) => id))
    .slice(0, MAX_KEYS);
}
