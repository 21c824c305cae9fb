import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Chance as a parameter, so that tests can own it. */
export interface Chance {
  uuid(): string;
  bytes(length: number): Buffer;
  /** 0 ≤ n < limit */
  integer(limit: number): number;
}

export const systemChance: Chance = {
  uuid: () => randomUUID(),
  bytes: (length) => randomBytes(length),
  integer: (limit) => randomInt(limit),
};

/** Letters and digits that can't be mistaken for each other when spoken or read from a screen. */
const SPEAKABLE = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** A short code a person can read aloud, e.g. `7F3K`. */
export function speakableCode(chance: Chance, length = 4): string {
  return Array.from({ length }, () => SPEAKABLE[chance.integer(SPEAKABLE.length)]).join('');
}
