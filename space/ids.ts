import { createHash, timingSafeEqual } from 'node:crypto';

/** A source of chance: so many random bytes. */
export type Random = (bytes: number) => Buffer;
/** Milliseconds since 1970. */
export type Clock = () => number;

/** A random UUID (version 4). */
export function newUuid(random: Random): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Without letters and digits that are mistaken for each other when read aloud or copied by hand. */
const CODE_ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** Groups of four, e.g. `K7QF-3M9X`. Each character carries 5 bits. */
export function newCode(random: Random, groups: number): string {
  const letters = [...random(groups * 4)].map((byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length]);
  return letters.join('').replace(/(.{4})(?=.)/g, '$1-');
}

/** A typed code as it was made: case, spaces and dashes do not matter to a person. */
export const normalizeCode = (typed: string): string => typed.toUpperCase().replace(/[^0-9A-Z]/g, '');

/** What is stored of a secret of at least 80 random bits. */
export const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Compares in a time that does not tell where the two differ. */
export const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function base58(bytes: Buffer): string {
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = `${BASE58[Number(number % 58n)]}${text}`;
  return text;
}

/** `did:key:z6Mk…` of a raw Ed25519 public key: multibase base58 of the multicodec bytes ed 01 and the key. */
export const didOfKey = (publicKey: Buffer): string =>
  `did:key:z${base58(Buffer.concat([Buffer.from([0xed, 0x01]), publicKey]))}`;
