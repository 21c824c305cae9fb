import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAnchor } from './anchor.ts';
import { withMissing } from './missing.ts';
import { select } from './selection.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'missing-'));
  mkdirSync(join(folder, 'content', 'home', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'content', 'home', 'letter'), 'dear reader');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what was asked for and is not in the snapshot', () => {
  const missing = (include: string[], faults = new Map<string, string>()) => {
    using staging = openAnchor(folder);
    return [...withMissing(faults, staging, select(['/home'], { include }))];
  };

  it('is named among what could not be restored', () => {
    const reason = 'the snapshot does not have it';
    expect(missing(['/home/letter', '/home/empty', '/home/nope'])).toEqual([['/home/nope', reason]]);
    expect(missing(['/home/letter', '/home/nope', '/home/letter-2/deep'])).toHaveLength(2);
  });

  it('is nothing where all is restored, and not what could only not be brought', () => {
    expect(missing([])).toEqual([]);
    const damaged = ['/home/lost/file', 'its data is damaged'] as const;
    expect(missing(['/home/letter', '/home/lost'], new Map([damaged]))).toEqual([damaged]);
  });

  it('ends the restore when that is all', () => {
    expect(() => missing(['/home/nope', '/home/nor this'])).toThrow(
      expect.objectContaining({
        code: 'not_found',
        message: expect.stringMatching(/no \/home\/nope.* 1 more/),
      }),
    );
  });
});
