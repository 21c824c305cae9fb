import { randomInt } from 'node:crypto';
import { dictionary } from '@zxcvbn-ts/language-common';
import { describe, expect, it } from 'vitest';
import { normaliseKnownPassword, normalisePassword, requireUsablePassword, spellingHint } from './rules.ts';
import { weaknessOf } from './strength.ts';
import { randomWords } from './words.ts';

describe('a new password', () => {
  it('is not one of the thousand most used ones', () => {
    const known = dictionary['passwords-common'].slice(0, 1000).map(String);
    expect(known).toHaveLength(1000);
    expect(known.filter((password) => weaknessOf(password) === undefined)).toEqual([]);
  });

  it.each([
    'password1234',
    'aaaaaaaaaaaaaaaa',
    'qwertyuiop123456',
    'abcabcabcabcabcabc',
    'Olares-2026-11-20',
    '123456789012345678',
    'iloveyouiloveyou',
    'P@ssw0rdP@ssw0rd',
  ])('is not %s, although it is long enough', (password) => {
    expect(weaknessOf(password)).toContain('10^15 are asked for');
  });

  it('may be six random words, whichever they are', () => {
    const phrases = Array.from({ length: 50 }, () => randomWords((below) => randomInt(below)).join(' '));
    expect(phrases.filter((phrase) => weaknessOf(phrase) !== undefined)).toEqual([]);
    expect(new Set(phrases).size).toBe(50);
  });

  it('is judged quickly however long it is', () => {
    expect(weaknessOf('x'.repeat(1024))).toBeDefined();
    expect(weaknessOf('k#9Lw!2vQz'.repeat(100))).toBeDefined();
  });

  it.each([
    ['', 'empty'],
    [' leading white space', 'white space'],
    ['trailing white space\u00a0', 'white space'],
    ['a tab\tin the middle', 'control character'],
    ['a line\nbreak within', 'control character'],
    ['ü'.repeat(513), 'longer than 1024 bytes'],
  ])('may not be %j', (password, reason) => {
    expect(() => requireUsablePassword(password)).toThrow(reason);
  });

  it('has one form whichever way it was typed', () => {
    expect(normalisePassword('Zu\u0308rich')).toBe('Z\u00fcrich');
    expect(normaliseKnownPassword(' pasted ')).toBe('pasted');
    expect(spellingHint('Z\u00fcrich 8001')).toBeUndefined();
    expect(spellingHint(' Zu\u0308rich ')).toMatch(/white space around it and with its accented letters/);
  });
});
