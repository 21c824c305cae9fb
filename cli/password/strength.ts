import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as commonDictionary } from '@zxcvbn-ts/language-common';
import { dictionary as englishDictionary, translations } from '@zxcvbn-ts/language-en';
import { SHORTEST_PASSWORD } from './rules.ts';

/** With scrypt in the way, years of guessing on rented machines. */
export const FEWEST_GUESSES = 1e15;
/** The estimate's cost rises with the square of the length; a strong beginning is enough. */
const LOOKED_AT = 100;

let estimator: ZxcvbnFactory | undefined;

/** Why a password is too weak, or nothing. The cheap rules come first: the dictionaries take 0.1 s to load. */
export function weaknessOf(password: string): string | undefined {
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD) {
    return `it has ${length} characters, and at least ${SHORTEST_PASSWORD} are needed`;
  }
  const { guesses, feedback } = estimate(password);
  if (guesses >= FEWEST_GUESSES) return undefined;
  const advice = feedback.warning ? `: ${lowerFirst(feedback.warning)}` : '';
  return `it could be guessed in about 10^${Math.floor(Math.log10(guesses))} tries, and 10^15 are asked for${advice}`;
}

function estimate(password: string): ReturnType<ZxcvbnFactory['check']> {
  estimator ??= new ZxcvbnFactory({
    dictionary: { ...commonDictionary, ...englishDictionary },
    graphs: adjacencyGraphs,
    translations,
    maxLength: LOOKED_AT,
  });
  return estimator.check(password);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
