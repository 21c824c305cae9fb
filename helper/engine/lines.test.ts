import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readLines } from './lines.ts';

async function linesOf(chunks: Iterable<Buffer | string>): Promise<string[]> {
  const lines: string[] = [];
  await readLines(Readable.from(chunks, { objectMode: false }), (line) => lines.push(line));
  return lines;
}

describe('lines of a stream', () => {
  it('come whole however they are cut, the last one without its newline too', async () => {
    const text = Buffer.from('{"a":1}\n\nhé\n[2]');
    expect(await linesOf([...text].map((byte) => Buffer.from([byte])))).toEqual(['{"a":1}', 'hé', '[2]']);
  });

  it('may be JSON of 10 MB', async () => {
    const long = `{"a":"${'x'.repeat(10_000_000)}"}`;
    const [line] = await linesOf([long, '\n']);
    expect(line === long).toBe(true);
  });

  it('keep only the beginning of garbage, however much there is', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const read = readLines(stream, (line) => lines.push(line));
    const before = process.memoryUsage().arrayBuffers;
    const garbage = Buffer.alloc(1_000_000, 'x');
    for (let count = 0; count < 100; count += 1) stream.write(garbage);
    stream.end('\nafter\n');
    await read;
    expect(lines.map((line) => line.length)).toEqual([16 * 1024, 5]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  it('end when the stream breaks', async () => {
    const stream = new PassThrough();
    const read = readLines(stream, () => {});
    stream.destroy(new Error('broken'));
    await expect(read).resolves.toBeUndefined();
  });

  it('reads nothing more while it is held, and everything after', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let holds = 0;
    const done = readLines(
      stream,
      (line) => lines.push(line),
      () => ((holds += 1) === 1 ? held : undefined),
    );
    stream.write('one\n');
    await new Promise((resolve) => setImmediate(resolve));
    stream.write('two\n');
    stream.end('three');
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual(['one']);
    release();
    await done;
    expect(lines).toEqual(['one', 'two', 'three']);
  });
});
