import { AppError } from '../../contract/index.ts';

const NEWLINE = 0x0a;

/**
 * Splits a byte stream into lines of UTF-8. A line may be as long as `maxLineBytes`; a last line without its newline
 * is a line too.
 * @throws AppError `failed` when a line is longer, so that no helper can fill the daemon's memory
 */
export async function* readLines(
  stream: AsyncIterable<Buffer>,
  maxLineBytes: number,
): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  let lengthBytes = 0;
  const take = (): string => {
    const line = Buffer.concat(parts).toString('utf8');
    parts = [];
    lengthBytes = 0;
    return line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    lengthBytes += chunk.length - start;
    if (lengthBytes > maxLineBytes) {
      throw new AppError('failed', `the helper sent a line of more than ${maxLineBytes} bytes`);
    }
  }
  if (lengthBytes > 0) yield take();
}
