import { createHash } from 'node:crypto';
import { equalText } from '../credentials.ts';
import { CHECKSUM_ALGORITHMS, createChecksum, type Checksum, type ChecksumAlgorithm } from './checksum.ts';
import { ChunkDecoder } from './chunked-body.ts';
import { S3Error } from './error.ts';
import type { S3Request } from './request.ts';
import { UNSIGNED_PAYLOAD } from './claimed-signature.ts';
import type { Identity } from './signature.ts';

/** One request body, its size known before the first byte is read. */
export interface RequestBody {
  /** Bytes of content, without framing. */
  size: number;
  /**
   * Hands the content on piece by piece and returns once all the client claimed about it is proved.
   * @throws S3Error BadDigest, XAmzContentSHA256Mismatch, SignatureDoesNotMatch, IncompleteBody …
   */
  read(sink: (piece: Buffer) => Promise<void>): Promise<BodyDigest>;
}

export interface BodyDigest {
  md5: Buffer;
  /** The header of the checksum that the client sent and we verified. */
  checksum: { name: string; value: string } | undefined;
}

/** AWS's limit of a single upload and of one part. */
const MAX_BODY_BYTES = 5 * 1024 ** 3;
const MAX_DOCUMENT_BYTES = 1024 ** 2;
/** A client that sends nothing for so long is gone; a slow one may take all day. */
const IDLE_MS = 60_000;
const STREAM = /^STREAMING-(AWS4-HMAC-SHA256-PAYLOAD|UNSIGNED-PAYLOAD)(-TRAILER)?$/;

/** @throws S3Error MissingContentLength, EntityTooLarge, InvalidDigest, InvalidRequest */
export function openBody(request: S3Request, identity: Identity): RequestBody {
  const stream = STREAM.exec(identity.payload);
  if (stream === null && identity.payload !== UNSIGNED_PAYLOAD && !/^[0-9a-f]{64}$/.test(identity.payload)) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value, or a valid sha256 value.',
    );
  }
  if (stream?.[1] === 'UNSIGNED-PAYLOAD' && stream[2] === undefined)
    throw new S3Error('InvalidArgument', 'An unsigned stream needs a trailer.');
  const size = declaredSize(request, stream === null ? 'content-length' : 'x-amz-decoded-content-length');
  const proofs = new Proofs(request, { payload: identity.payload, isStream: stream !== null });
  const decoder =
    stream === null
      ? undefined
      : new ChunkDecoder({
          signing: stream[1] === 'UNSIGNED-PAYLOAD' ? undefined : identity.signing,
          withTrailer: stream[2] !== undefined,
        });
  return {
    size,
    async read(sink) {
      let received = 0;
      for await (const piece of pieces(request, decoder)) {
        received += piece.length;
        if (received > size) throw new S3Error('InvalidRequest', 'The body is longer than announced.');
        proofs.update(piece);
        await sink(piece);
      }
      decoder?.end();
      if (received !== size)
        throw new S3Error(
          'IncompleteBody',
          'You did not provide the number of bytes specified by the Content-Length HTTP header',
        );
      return proofs.check(decoder?.trailers);
    },
  };
}

/** A small XML body as text, in memory. @throws S3Error EntityTooLarge, MalformedXML … */
export async function readDocument(request: S3Request, identity: Identity): Promise<string> {
  const body = openBody(request, identity);
  if (body.size > MAX_DOCUMENT_BYTES)
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  const parts: Buffer[] = [];
  await body.read(async (piece) => void parts.push(piece));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new S3Error('MalformedXML', 'The XML you provided is not valid UTF-8.', { cause });
  }
}

async function* pieces(request: S3Request, decoder: ChunkDecoder | undefined): AsyncGenerator<Buffer> {
  const { message } = request;
  message.setTimeout(IDLE_MS, () => message.destroy());
  try {
    // A refusal in mid-body must leave the connection standing, or there is no way to tell the client why.
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (decoder === undefined) yield chunk;
      else yield* decoder.feed(chunk);
    }
  } catch (error) {
    if (error instanceof S3Error) throw error;
    throw new S3Error('IncompleteBody', 'The connection was closed before the body was complete.', {
      cause: error,
    });
  } finally {
    message.setTimeout(0);
  }
}

function declaredSize(request: S3Request, header: string): number {
  const text = request.headers.get(header);
  if (text === undefined)
    throw new S3Error('MissingContentLength', `You must provide the ${header} HTTP header.`);
  if (!/^\d{1,15}$/.test(text)) throw new S3Error('InvalidArgument', `${header} must be a number of bytes.`);
  const size = Number(text);
  if (size > MAX_BODY_BYTES)
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  return size;
}

/** Everything a client can claim about a body, gathered while it passes and compared at its end. */
class Proofs {
  readonly #md5 = createHash('md5');
  readonly #sha256;
  readonly #claimedMd5: Buffer | undefined;
  readonly #payload: string;
  readonly #checksum: { name: string; value: string | undefined; hash: Checksum } | undefined;

  constructor(request: S3Request, options: { payload: string; isStream: boolean }) {
    this.#payload = options.payload;
    this.#sha256 =
      options.isStream || options.payload === UNSIGNED_PAYLOAD ? undefined : createHash('sha256');
    const md5 = request.headers.get('content-md5');
    this.#claimedMd5 = md5 === undefined ? undefined : Buffer.from(md5, 'base64');
    if (this.#claimedMd5 !== undefined && this.#claimedMd5.length !== 16) {
      throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.');
    }
    this.#checksum = claimedChecksum(request, options.isStream);
  }

  update(piece: Buffer): void {
    this.#md5.update(piece);
    this.#sha256?.update(piece);
    this.#checksum?.hash.update(piece);
  }

  check(trailers: ReadonlyMap<string, string> | undefined): BodyDigest {
    const md5 = this.#md5.digest();
    if (this.#sha256 !== undefined && !equalText(this.#sha256.digest('hex'), this.#payload)) {
      throw new S3Error(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    if (this.#claimedMd5 !== undefined && !this.#claimedMd5.equals(md5)) {
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    return { md5, checksum: this.#checkChecksum(trailers) };
  }

  #checkChecksum(trailers: ReadonlyMap<string, string> | undefined): BodyDigest['checksum'] {
    const unexpected = [...(trailers?.keys() ?? [])].find((name) => name !== this.#checksum?.name);
    if (unexpected !== undefined)
      throw new S3Error('InvalidRequest', `The trailer ${unexpected} was not announced.`);
    if (this.#checksum === undefined) return undefined;
    const { name, hash } = this.#checksum;
    const claimed = this.#checksum.value ?? trailers?.get(name);
    const value = hash.digest();
    if (claimed === undefined)
      throw new S3Error('InvalidRequest', `The announced trailer ${name} is missing.`);
    if (claimed !== value)
      throw new S3Error('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
    return { name, value };
  }
}

/** The checksum named by a header or announced for the trailer; S3 takes at most one. */
function claimedChecksum(request: S3Request, isStream: boolean) {
  const announced = isStream ? request.headers.get('x-amz-trailer')?.trim().toLowerCase() : undefined;
  const claims: { algorithm: ChecksumAlgorithm; value: string | undefined }[] = [];
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = request.headers.get(`x-amz-checksum-${algorithm}`);
    if (value !== undefined || announced === `x-amz-checksum-${algorithm}`) claims.push({ algorithm, value });
  }
  if (claims.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header');
  const [claim] = claims;
  if (claim === undefined) {
    if (announced !== undefined)
      throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
    return undefined;
  }
  return {
    name: `x-amz-checksum-${claim.algorithm}`,
    value: claim.value,
    hash: createChecksum(claim.algorithm),
  };
}
