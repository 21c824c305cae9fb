import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;
/** What is kept of a line that is no JSON. */
const TEXT_LIMIT_BYTES = 16 * 1024;
/** Longer than any list restic prints, shorter than what would endanger the process. */
const JSON_LIMIT_BYTES = 384 * 1024 * 1024;

/**
 * Calls back for each line of a stream, in order, without the newline. A line that looks like JSON is handed over whole
 * however long it is (a list of snapshots is one line); of any other only the first 16 KiB are kept in memory.
 * @param hold asked after each piece of the stream: nothing more is read until its promise is kept
 */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  hold?: () => Promise<void> | undefined,
): Promise<void> {
  let parts: Buffer[] = [];
  let size = 0;
  const keep = (part: Buffer) => {
    const first = parts[0]?.[0] ?? part[0];
    const limit = first === 0x7b || first === 0x5b ? JSON_LIMIT_BYTES : TEXT_LIMIT_BYTES;
    const kept = part.subarray(0, Math.max(0, limit - size));
    if (kept.length > 0) parts.push(kept);
    size += kept.length;
  };
  const flush = () => {
    if (size > 0) onLine(Buffer.concat(parts, size).toString('utf8'));
    parts = [];
    size = 0;
  };
  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      flush();
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
    const held = hold?.();
    if (!held) return;
    stream.pause();
    void held.then(() => stream.resume());
  });
  return new Promise((resolve) => {
    const end = () => {
      flush();
      resolve();
    };
    // The exit code decides what a broken stream means.
    stream.once('end', end).once('close', end).on('error', end);
  });
}
