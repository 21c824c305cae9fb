import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { HelperOutput } from '../contract/helper-messages.ts';
import { readLines } from './engine/lines.ts';
import { serve } from './protocol.ts';

it('passes on one progress a second, but each new phase at once', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const phases: string[] = [];
  const read = readLines(output, (line) => {
    const message = JSON.parse(line) as HelperOutput;
    if (message.type === 'progress') phases.push(message.progress.phase);
  });
  input.write(`${JSON.stringify({ verb: 'version' })}\n`);
  await serve({
    program: 'engine',
    stateDir: '/nowhere',
    clock: () => 5_000,
    stop: new AbortController().signal,
    input,
    output,
    places: { resticBin: undefined, path: '', packageRoot: '/nowhere', credentialsDirectory: undefined },
    handle: async (_request, session) => {
      for (const phase of ['downloading', 'downloading', 'verifying', 'placing'] as const)
        session.output.progress({ phase, filesDone: 0, bytesDone: 0 });
    },
  });
  await read;
  expect(phases).toEqual(['downloading', 'verifying', 'placing']);
});
