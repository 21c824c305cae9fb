import { describe, expect, it } from 'vitest';
import { parseNamePattern } from './name-pattern.ts';

describe('a pattern over directories', () => {
  it.each([
    ['Photos/*.jpg', '/home/photos/a.JPG', true],
    ['Photos/*.jpg', '/home/photos/deep/a.jpg', false],
    ['Photos/**/*.jpg', '/home/photos/a.jpg', true],
    ['Photos/**/*.jpg', '/home/photos/very/deep/a.jpg', true],
    ['/Photos/*.jpg', '/home/photos/a.jpg', false],
    ['/home/*/a?', '/home/me/ab', true],
    ['/home/*/a?', '/home/me/a', false],
    ['me/pho', '/home/me/photos', true],
    ['me/pho', '/home/you/photos', false],
    ['me/pho', '/me/pho/x/phone', false],
    ['STRASSE/', '/x/Straße', false],
  ])('%s and %s: %s', (pattern, path, fits) => {
    const { query, fits: fitsPath } = parseNamePattern(pattern);
    expect(query.how === 'contains' ? false : fitsPath(path)).toBe(fits);
  });

  it('treats brackets as what they are', () => {
    expect(parseNamePattern('*[1].jpg').query.text).toBe('*[[]1].jpg');
    expect(parseNamePattern('photo[1]').query).toEqual({ how: 'contains', text: 'photo[1]' });
  });

  it('is quick for a hostile pattern and path', () => {
    const pattern = parseNamePattern(`/${'*a'.repeat(150)}/${'**/'.repeat(30)}b`);
    const started = performance.now();
    expect(pattern.fits(`/${'a'.repeat(4_000)}${'/a'.repeat(2_000)}`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it.each(['/', '///'])('refuses %s with a way out', (text) => {
    expect(() => parseNamePattern(text)).toThrow(/names nothing/);
  });
});
