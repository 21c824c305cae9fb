import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openIdentityFile } from './identity.ts';

it('leaves nothing of a token that a crash kept from being put in place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'identity-'));
  writeFileSync(join(folder, 'space.json.new'), '{"token":"half a tok');
  expect(openIdentityFile(join(folder, 'space.json')).get()).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
