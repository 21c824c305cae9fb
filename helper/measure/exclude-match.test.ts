import { expect, it } from 'vitest';
import { excludeMatcher } from './exclude-match.ts';

const PATHS = [
  'a/1.tmp',
  'a/b/2.tmp',
  'a/b/a2',
  'a/b/c/foo/3',
  'a/keep.tmp',
  'deep/foo/bar/x/l',
  'foo/bar/z',
  'node_modules/x/y',
  'we[i]rd/k',
];

/** What a walk from above leaves out. */
const leftOut = (patterns: readonly string[]): string[] => {
  const isOut = excludeMatcher(patterns);
  return PATHS.filter((path) =>
    `srv/${path}`.split('/').some((_, index, names) => isOut(`/${names.slice(0, index + 1).join('/')}`)),
  );
};

// Each was compared with restic 0.19.1's dry run on the same tree.
it.each([
  [['*.tmp'], ['a/1.tmp', 'a/b/2.tmp', 'a/keep.tmp']],
  [['foo'], ['a/b/c/foo/3', 'deep/foo/bar/x/l', 'foo/bar/z']],
  [['foo/bar'], ['deep/foo/bar/x/l', 'foo/bar/z']],
  [['/srv/a/b'], ['a/b/2.tmp', 'a/b/a2', 'a/b/c/foo/3']],
  [['/srv/**/foo'], ['a/b/c/foo/3', 'deep/foo/bar/x/l', 'foo/bar/z']],
  [['a/**/foo'], ['a/b/c/foo/3']],
  [
    ['*.tmp', '!keep.tmp'],
    ['a/1.tmp', 'a/b/2.tmp'],
  ],
  [['we\\[i\\]rd'], ['we[i]rd/k']],
  [['we[i]rd'], []],
  [['?2'], ['a/b/a2']],
  [['[ab]2'], ['a/b/a2']],
  [['[^a]2'], []],
  [['node_modules/'], ['node_modules/x/y']],
  [['/srv/deep/**'], ['deep/foo/bar/x/l']],
  [['srv'], PATHS],
  [[], []],
])('%j leaves out %j', (patterns, expected) => {
  expect(leftOut(patterns)).toEqual(expected);
});

it('is not kept busy by a pattern that matches in too many ways', () => {
  expect(excludeMatcher(['*a*a*a*a*a*a*a*b'])(`/${'a'.repeat(250)}`)).toBe(false);
});
