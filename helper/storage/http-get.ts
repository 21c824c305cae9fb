import { get as httpGet, type IncomingMessage } from 'node:http';
import { AppError } from '../../contract/errors.ts';

const TIMEOUT_MS = 10_000;
const LIMIT_BYTES = 256 * 1024;

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * One small GET, no redirects.
 * @throws AppError `unreachable` when there is no answer within ten seconds, and the cancel's reason
 */
export async function getSmall(
  url: URL,
  headers: Record<string, string>,
  cancel: AbortSignal,
): Promise<HttpAnswer> {
  // TLS is loaded only by those who need it.
  const get = url.protocol === 'https:' ? (await import('node:https')).get : httpGet;
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const signal = AbortSignal.any([cancel, AbortSignal.timeout(TIMEOUT_MS)]);
      get(url, { headers, signal, agent: false }, (response) => {
        readBody(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      }).on('error', reject);
    });
  } catch (error) {
    cancel.throwIfAborted();
    throw unreachable(url, error);
  }
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LIMIT_BYTES) throw new Error(`the answer is longer than ${LIMIT_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function unreachable(url: URL, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new AppError('unreachable', `the storage at ${url.host} cannot be reached${reason(code)}`, {
    hint: 'check the network and the address of the location',
    retry: 'backoff',
    cause,
  });
}

function reason(code: string): string {
  const words: Partial<Record<string, string>> = {
    ECONNREFUSED: ': nothing listens there',
    ENOTFOUND: ': its name is not known',
    EAI_AGAIN: ': names cannot be looked up now',
    ABORT_ERR: ': it did not answer within 10 seconds',
    ECONNRESET: ': it closed the connection',
  };
  return words[code] ?? (/CERT|SSL|TLS/.test(code) ? ': its certificate cannot be trusted' : '');
}
