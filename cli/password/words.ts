import { wordlist } from '@scure/bip39/wordlists/english.js';

/** 2048 words to the power of six: 66 bits. */
const WORDS = 6;

/** Six words from a list made to be written down and read back: no two begin with the same four letters. */
export function randomWords(randomInt: (below: number) => number): string[] {
  return Array.from({ length: WORDS }, () => wordlist[randomInt(wordlist.length)] ?? '');
}
