import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAnchor } from './anchor.ts';
import { flush } from './flush.ts';

test('waits for the disk of a directory', async () => {
  const path = mkdtempSync(join(tmpdir(), 'flush-'));
  writeFileSync(join(path, 'file'), 'content');
  using anchor = openAnchor(path);
  await expect(flush(anchor)).resolves.toBeUndefined();
  rmSync(path, { recursive: true });
});

test('says what it means when the disk refuses', async () => {
  // Node talks to its child by sockets, which no disk can hold.
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  const { fd } = (child.stdin as unknown as { _handle: { fd: number } })._handle;
  await expect(flush({ fd })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('did not take all') as string,
    hint: expect.stringContaining('nothing was put in place') as string,
  });
  child.stdin.end();
  await once(child, 'exit');
});
