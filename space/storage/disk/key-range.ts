/**
 * The keys that start with `prefix`, as a range in S3's order (bytes of UTF-8, which is the order of code points).
 */
export function keysBelow(prefix: string): { from: string; to: string } {
  return { from: prefix, to: afterKeysBelow(prefix) };
}

/** The smallest text that sorts after every key starting with `prefix`. */
export function afterKeysBelow(prefix: string): string {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === LAST_CODE_POINT) continue;
    // Surrogates are no characters of their own.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return AFTER_EVERY_KEY;
}

const LAST_CODE_POINT = 0x10ffff;
// No key is longer than 1,024 bytes, so none reaches this one.
const AFTER_EVERY_KEY = String.fromCodePoint(...Array<number>(257).fill(LAST_CODE_POINT));
