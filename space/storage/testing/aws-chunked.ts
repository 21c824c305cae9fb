import { createHash, createHmac } from 'node:crypto';
import { REGION, send, signedHeaders, type RawAnswer, type StorageFixture } from './storage-fixture.ts';

export interface ChunkedUpload {
  chunks: string[];
  /** One checksum header to send behind the chunks. */
  trailer?: Record<string, string>;
  unsigned?: boolean;
  /** The content length to announce, if not the true one. */
  length?: number;
  /** Bends the framed body before it is sent. */
  bend?: (body: string) => string;
}

/** Uploads in the framing of aws-chunked, written here anew from AWS's description. */
export async function sendChunked(
  fixture: StorageFixture,
  path: string,
  upload: ChunkedUpload,
): Promise<RawAnswer> {
  const { chunks, trailer, bend = (body: string) => body } = upload;
  const credentials = await fixture.credentials();
  const kind = upload.unsigned === true ? 'UNSIGNED-PAYLOAD' : 'AWS4-HMAC-SHA256-PAYLOAD';
  const payload = `STREAMING-${kind}${trailer === undefined ? '' : '-TRAILER'}`;
  const extra = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(upload.length ?? Buffer.byteLength(chunks.join(''))),
    ...(trailer && { 'x-amz-trailer': Object.keys(trailer).join(',') }),
  };
  const headers = await signedHeaders(fixture, credentials, { method: 'PUT', path, payload, headers: extra });
  const signer = upload.unsigned === true ? undefined : new ChunkSigner(headers, credentials.secretAccessKey);
  const body = `${frameChunks(chunks, signer)}${frameTrailer(trailer, signer)}\r\n`;
  return send(fixture.port, { method: 'PUT', path, headers, body: bend(body) });
}

class ChunkSigner {
  readonly #key: Buffer;
  readonly #longDate: string;
  readonly #scope: string;
  #previous: string;

  constructor(headers: Record<string, string>, secretAccessKey: string) {
    this.#longDate = headers['x-amz-date'] ?? '';
    this.#scope = `${this.#longDate.slice(0, 8)}/${REGION}/s3/aws4_request`;
    this.#previous = headers['authorization']?.slice(-64) ?? '';
    const parts = this.#scope.split('/');
    this.#key = parts.reduce(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`),
    );
  }

  sign(kind: 'PAYLOAD' | 'TRAILER', content: string): string {
    const text = [`AWS4-HMAC-SHA256-${kind}`, this.#longDate, this.#scope, this.#previous, content].join(
      '\n',
    );
    this.#previous = createHmac('sha256', this.#key).update(text).digest('hex');
    return this.#previous;
  }
}

function frameChunks(chunks: string[], signer: ChunkSigner | undefined): string {
  let body = '';
  for (const chunk of [...chunks, '']) {
    const signature =
      signer && `;chunk-signature=${signer.sign('PAYLOAD', `${sha256('')}\n${sha256(chunk)}`)}`;
    body += `${Buffer.byteLength(chunk).toString(16)}${signature ?? ''}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`;
  }
  return body;
}

function frameTrailer(trailer: Record<string, string> | undefined, signer: ChunkSigner | undefined): string {
  if (trailer === undefined) return '';
  const lines = Object.entries(trailer).map(([name, value]) => `${name}:${value}`);
  const canonical = lines.map((line) => `${line}\n`).join('');
  if (signer !== undefined)
    lines.push(`x-amz-trailer-signature:${signer.sign('TRAILER', sha256(canonical))}`);
  return lines.map((line) => `${line}\r\n`).join('');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
