import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Bench } from './testing/bench.ts';

it('makes no new machine key where repositories need the one that is gone', async () => {
  using bench = new Bench();
  mkdirSync(join(bench.stateDir, 'keys', 'pins'), { recursive: true, mode: 0o700 });
  writeFileSync(join(bench.stateDir, 'keys', 'pins', 'a'.repeat(64)), 'digest');
  const { error } = await bench.ask<'arm'>(
    { verb: 'arm', ...bench.common, mode: 'create', recovery: false, channelPath: bench.channelPath() },
    { secret: { password: 'orange tripod Zeppelin 42' } },
  );
  expect(existsSync(join(bench.stateDir, 'keys', 'machine.key'))).toBe(false);
  expect(error).toMatchObject({ code: 'integrity', hint: expect.stringContaining('--adopt') as string });
});
