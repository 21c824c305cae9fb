import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { AppError, cleanText, Envelope, parser, WIRE_CODES } from '../../contract/index.ts';

export interface SpaceAnswer {
  readonly code: number;
  readonly data: unknown;
  /** Space's clock minus ours at the time of the answer, milliseconds; 0 when it sent no date. */
  readonly clockOffsetMs: number;
}

export interface SpaceCall {
  readonly url: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Codes beside 200 that mean done. */
  readonly alsoOk?: readonly number[];
  readonly signal?: AbortSignal;
}

export interface SpaceHttpOptions {
  readonly now: () => number;
  /** Longest time for a whole call, milliseconds. */
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 1024 * 1024;
const envelope = parser(Envelope);

/**
 * One call to Space in its wire format.
 * @throws AppError `unreachable` (retry: backoff) when it is down, slow, or answers what no Space answers;
 *   `not_signed_in` (retry: after_action) on code 506; `refused` on any other code
 */
export async function callSpace(call: SpaceCall, options: SpaceHttpOptions): Promise<SpaceAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  const { headers, text } = await exchange(call, signal).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    throw unreachable(timeout.aborted ? NETWORK_REASONS.ETIMEDOUT : reasonOf(error), error);
  });
  const body = parseEnvelope(text);
  if (body.code === WIRE_CODES.signInAgain) {
    throw new AppError('not_signed_in', 'Olares Space no longer accepts this sign-in', {
      retry: 'after_action',
      hint: 'sign in again: olares-backup login',
    });
  }
  if (body.code !== WIRE_CODES.ok && !call.alsoOk?.includes(body.code)) {
    throw new AppError(
      'refused',
      `Olares Space refused the call (code ${body.code}): ${cleanText(body.message ?? '', 200)}`,
    );
  }
  return { code: body.code, data: body.data, clockOffsetMs: clockOffset(headers.date, options.now()) };
}

/** By Node's own client: `fetch` would keep 12 MB more in a process that makes a few calls an hour. */
async function exchange(
  call: SpaceCall,
  signal: AbortSignal,
): Promise<{ headers: IncomingMessage['headers']; text: string }> {
  const isJson = call.json !== undefined;
  const body = isJson ? JSON.stringify(call.json) : new URLSearchParams(call.form).toString();
  const response = await post(call.url, body, {
    signal,
    // Calls are rare: a connection kept from the last one is more often dead than useful.
    agent: false,
    headers: {
      'content-type': isJson ? 'application/json' : 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json, */*;q=0.5',
      'accept-encoding': 'identity',
      'user-agent': 'olares-backup',
    },
  });
  if (Math.trunc((response.statusCode ?? 0) / 100) !== 2) throw httpError(response);
  return { headers: response.headers, text: await readLimited(response) };
}

/** Redirects are not followed: a Space has one address, and what is sent may be a token. */
async function post(url: string, body: string, options: RequestOptions): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? (await import('node:https')).request : httpRequest;
  return await new Promise((resolve, reject) => {
    send(url, { ...options, method: 'POST' }, resolve)
      .on('error', reject)
      .end(body);
  });
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: string } | undefined)?.code;
  if (code && code in NETWORK_REASONS) return NETWORK_REASONS[code as keyof typeof NETWORK_REASONS];
  if (code?.startsWith('HPE_')) return 'its answer is not HTTP';
  return code ?? 'the connection failed';
}

const NETWORK_REASONS = {
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'its name is not known to DNS',
  EAI_AGAIN: 'DNS did not answer',
  ETIMEDOUT: 'it did not answer in time',
  EPIPE: 'the connection was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate belongs to another name',
} as const;

function unreachable(reason: string, cause?: unknown, retryAfterMs?: number): AppError {
  return new AppError('unreachable', `Olares Space is not reachable: ${reason}`, {
    retry: 'backoff',
    hint: 'it is tried again by itself; check the network and the address with `olares-backup status`',
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

function httpError(response: IncomingMessage): AppError {
  response.destroy();
  const seconds = Number(response.headers['retry-after']);
  const retryAfterMs =
    Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
  return unreachable(`it answered with HTTP ${response.statusCode}`, undefined, retryAfterMs);
}

async function readLimited(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) throw unreachable('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseEnvelope(text: string): Envelope {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw unreachable('its answer is not what a Space answers (no JSON)', cause);
  }
  if (envelope.check(body)) return body;
  throw unreachable('its answer is not what a Space answers');
}

function clockOffset(header: string | undefined, now: number): number {
  const date = Date.parse(header ?? '');
  return Number.isNaN(date) ? 0 : date - now;
}
