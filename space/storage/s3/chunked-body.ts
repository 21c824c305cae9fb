import { createHash, createHmac, type Hash } from 'node:crypto';
import { equalText } from '../credentials.ts';
import { S3Error } from './error.ts';
import type { ChunkSigning } from './signature.ts';

const MAX_LINE_BYTES = 1_024;
const MAX_TRAILER_LINES = 8;
const EMPTY_HASH = createHash('sha256').digest('hex');
const HEADER = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/;

type State = 'header' | 'data' | 'data-end' | 'trailer' | 'done';

/**
 * Takes the framing of `aws-chunked` off a body while it streams in, checking the signature of each chunk and of
 * the trailer if they are signed. Content is handed on before its chunk is proved: the caller must not use any
 * of it until `end` has returned.
 * Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" and its
 * page on trailing headers, Amazon S3 API reference.
 */
export class ChunkDecoder {
  readonly trailers = new Map<string, string>();
  readonly #signing: ChunkSigning | undefined;
  readonly #withTrailer: boolean;
  #state: State = 'header';
  #line = Buffer.alloc(0);
  #left = 0;
  #chunkSignature = '';
  #previous: string;
  #hash: Hash = createHash('sha256');
  #trailerText = '';

  /** `signing` undefined: the chunks carry no signatures. */
  constructor(options: { signing: ChunkSigning | undefined; withTrailer: boolean }) {
    this.#signing = options.signing;
    this.#withTrailer = options.withTrailer;
    this.#previous = options.signing?.seed ?? '';
  }

  /** @throws S3Error InvalidRequest (framing), SignatureDoesNotMatch */
  *feed(input: Buffer): Generator<Buffer> {
    let rest = input;
    while (rest.length > 0) {
      if (this.#state === 'done') throw malformed('bytes after the last chunk');
      if (this.#state === 'data') {
        const piece = rest.subarray(0, this.#left);
        rest = rest.subarray(piece.length);
        this.#data(piece);
        yield piece;
      } else {
        rest = this.#collectLine(rest);
      }
    }
  }

  /** To be called when the body is over. */
  end(): void {
    if (this.#state !== 'done') {
      throw new S3Error('IncompleteBody', 'The request body terminated unexpectedly');
    }
  }

  #data(piece: Buffer): void {
    if (this.#signing !== undefined) this.#hash.update(piece);
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = 'data-end';
  }

  #collectLine(input: Buffer): Buffer {
    const newline = input.indexOf(0x0a);
    const end = newline < 0 ? input.length : newline;
    if (this.#line.length + end > MAX_LINE_BYTES) throw malformed('a line of the framing is too long');
    this.#line = Buffer.concat([this.#line, input.subarray(0, end)]);
    if (newline < 0) return input.subarray(end);
    const text = this.#line.toString('latin1');
    this.#line = Buffer.alloc(0);
    this.#readLine(text.endsWith('\r') ? text.slice(0, -1) : text);
    return input.subarray(newline + 1);
  }

  #readLine(line: string): void {
    if (this.#state === 'header') this.#readHeader(line);
    else if (this.#state === 'data-end') this.#endChunk(line);
    else this.#readTrailer(line);
  }

  #readHeader(line: string): void {
    const [, size, signature] = HEADER.exec(line) ?? [];
    if (size === undefined || (signature === undefined) !== (this.#signing === undefined)) {
      throw malformed('a chunk header is not understood');
    }
    this.#left = Number.parseInt(size, 16);
    this.#chunkSignature = signature ?? '';
    if (this.#left > 0) {
      this.#state = 'data';
      return;
    }
    this.#verifyChunk();
    this.#state = 'trailer';
  }

  #endChunk(line: string): void {
    if (line !== '') throw malformed('a chunk is longer than its header says');
    this.#verifyChunk();
    this.#state = 'header';
  }

  #verifyChunk(): void {
    if (this.#signing === undefined) return;
    const content = `${EMPTY_HASH}\n${this.#hash.digest('hex')}`;
    this.#hash = createHash('sha256');
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', content, this.#chunkSignature);
  }

  #readTrailer(line: string): void {
    if (line === '') return this.#endTrailer();
    const colon = line.indexOf(':');
    if (!this.#withTrailer || colon < 1 || this.trailers.size >= MAX_TRAILER_LINES)
      throw malformed('a trailer is not understood');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (this.trailers.has(name)) throw malformed('a trailer is given twice');
    this.trailers.set(name, value);
    if (name !== TRAILER_SIGNATURE) this.#trailerText += `${name}:${value}\n`;
  }

  #endTrailer(): void {
    if (this.#withTrailer && this.#signing !== undefined) {
      const hash = createHash('sha256').update(this.#trailerText).digest('hex');
      this.#verify('AWS4-HMAC-SHA256-TRAILER', hash, this.trailers.get(TRAILER_SIGNATURE) ?? '');
    }
    this.trailers.delete(TRAILER_SIGNATURE);
    this.#state = 'done';
  }

  #verify(algorithm: string, content: string, signature: string): void {
    const signing = this.#signing as ChunkSigning;
    const text = [algorithm, signing.longDate, signing.scope, this.#previous, content].join('\n');
    const right = createHmac('sha256', signing.key).update(text).digest('hex');
    if (!equalText(right, signature)) {
      throw new S3Error(
        'SignatureDoesNotMatch',
        'The signature of a chunk of the body does not match its content.',
      );
    }
    this.#previous = signature;
  }
}

const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

function malformed(what: string): S3Error {
  return new S3Error('InvalidRequest', `The aws-chunked body is malformed: ${what}.`);
}
