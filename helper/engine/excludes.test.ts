import { describe, expect, it } from 'vitest';
import { excludeFile } from './excludes.ts';

describe('the exclude file', () => {
  it.each([
    ['*.tmp', '*.tmp'],
    ['#notes', '[#]notes'],
    [' leading', '[ ]leading'],
    ['trailing ', 'trailing[ ]'],
    ['$HOME/x', '$$HOME/x'],
  ])('writes "%s" as "%s"', (pattern, line) => {
    expect(excludeFile([pattern], '/state').split('\n')[0]).toBe(line);
  });

  it('always leaves out the state directory, by letter', () => {
    expect(excludeFile([], '/state [a*]')).toBe('/state \\[a\\*\\]\n');
  });

  it('refuses a line break and names the way out', () => {
    expect(() => excludeFile(['a\nb'], '/state')).toThrow(
      expect.objectContaining({ code: 'invalid_input', field: 'exclude' }) as Error,
    );
  });
});
