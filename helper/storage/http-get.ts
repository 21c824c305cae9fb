import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { timeLimit } from '../time-limit.ts';

const TIMEOUT_MS = 10_000;
const LIMIT_BYTES = 256 * 1024;

export interface SmallRequest {
  /** Default GET. */
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: Buffer;
  readonly headers: Record<string, string>;
  /** Certificate of the authority that signed the server's, PEM; beside those of the system none. */
  readonly caFile?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * One small request, no redirects.
 * @throws AppError `unreachable` when there is no answer within ten seconds, `config_invalid` for a `caFile` that cannot
 *   be read, and the cancel's reason
 */
export async function sendSmall(url: URL, small: SmallRequest, cancel: AbortSignal): Promise<HttpAnswer> {
  const ca = small.caFile === undefined ? undefined : readAuthority(small.caFile);
  // TLS is loaded only by those who need it.
  const request = url.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  const { method = 'GET', headers } = small;
  using limit = timeLimit(TIMEOUT_MS, cancel);
  const { signal } = limit;
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      request(url, { method, headers, signal, agent: false, ...(ca && { ca }) }, (response) => {
        readBody(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
        .on('error', reject)
        .end(small.body);
    });
  } catch (error) {
    cancel.throwIfAborted();
    throw unreachable(url, error);
  }
}

function readAuthority(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('config_invalid', `the certificate ${path} cannot be read`, {
      hint: 'check the path given by --ca-file',
      cause: error,
    });
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
    hint: /CERT|SSL|TLS/.test(code)
      ? 'name the certificate of its authority by --ca-file, or correct the address and the clock'
      : 'check the network and the address of the location',
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
    EPROTO: ': it does not speak TLS, or another kind of it',
  };
  return words[code] ?? (/CERT|SSL|TLS/.test(code) ? ': its certificate cannot be trusted' : '');
}
