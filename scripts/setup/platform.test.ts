import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkNodeVersion, checkPlatform } from './platform.mjs';

it.each(['18.20.8', '20.18.3', '8.0.0'])(
  'Node %s is too old, and the message says what is needed',
  (version) => {
    expect(() => checkNodeVersion(version)).toThrow(`Node ${version} is too old: 20.19 or newer is needed`);
  },
);

it.each(['20.19.0', '20.20.2', '22.0.0', '26.1.0'])('Node %s will do', (version) => {
  expect(() => checkNodeVersion(version)).not.toThrow();
});

it('asks for the same as package.json', () => {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  expect((JSON.parse(manifest) as { engines: { node: string } }).engines.node).toBe('>=20.19');
});

it('refuses another system by name', () => {
  expect(() => checkPlatform('darwin')).toThrow('Linux is needed, and this is darwin');
});
