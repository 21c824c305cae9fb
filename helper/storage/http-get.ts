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
    throw unreachable(url, error, ca !== undefined);
  }
}

function readAuthority(path: string): Buffer {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (cause) {
    throw notAuthority(path, 'cannot be read', cause);
  }
  // Node passes over what is none.
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw notAuthority(path, 'is no certificate in PEM form');
  return text;
}

const notAuthority = (path: string, fault: string, cause?: unknown): AppError =>
  new AppError('config_invalid', `the certificate ${path} ${fault}`, {
    hint: 'name the PEM file of the authority that signed the server by --ca-file',
    field: 'location',
    retry: 'after_action',
    cause,
  });

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

interface Reason {
  readonly words: string;
  readonly hint?: string;
}

function unreachable({ host }: URL, cause: unknown, hasAuthority: boolean): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const { words, hint } = REASONS[code] ?? tlsReason(code, hasAuthority);
  return new AppError('unreachable', `the storage at ${host} cannot be reached${words}`, {
    hint: hint ?? 'check the network and the address of the location',
    retry: 'backoff',
    cause,
  });
}

/** OpenSSL's words for it are no word in common, but all name a certificate, its signer or the protocol. */
function tlsReason(code: string, hasAuthority: boolean): Reason {
  if (!/CERT|SIGNATURE|SSL|TLS|CRL/.test(code)) return { words: '' };
  return {
    words: ': its certificate cannot be trusted',
    hint: hasAuthority
      ? 'the certificate given by --ca-file did not sign it: name that of its authority, or ask whoever runs the server'
      : 'name the certificate of its authority by --ca-file, or correct the address',
  };
}

const CLOCK = 'have it renewed, and check the clock of this machine';
const NO_TLS = { words: ': it does not speak TLS, or another kind of it' };
const REASONS: Partial<Record<string, Reason>> = {
  ECONNREFUSED: { words: ': nothing listens there' },
  ENOTFOUND: { words: ': its name is not known' },
  EAI_AGAIN: { words: ': names cannot be looked up now' },
  ABORT_ERR: { words: ': it did not answer within 10 seconds' },
  ECONNRESET: { words: ': it closed the connection' },
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    words: ': its certificate is for another host',
    hint: 'write the address with the name for which it was made, or have one made for this name',
  },
  CERT_HAS_EXPIRED: { words: ': its certificate has expired', hint: CLOCK },
  CERT_NOT_YET_VALID: { words: ': its certificate is not valid yet', hint: CLOCK },
};
