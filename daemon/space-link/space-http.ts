import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { AppError, cleanText, Envelope, parser, WIRE_CODES } from '../../contract/index.ts';
import { networkReason, retryAfterOf } from './network-reasons.ts';

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
  /** Instead of the usual one. */
  readonly timeoutMs?: number;
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
  // The answer to a failure below holds on to it: below AbortSignal.any alone Node 20 may collect it as garbage.
  const timeout = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs);
  const sentAt = options.now();
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  const { headers, text } = await exchange(call, signal, options.now).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    throw unreachable(timeout.aborted ? 'it did not answer in time' : networkReason(error), error);
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
  return {
    code: body.code,
    data: body.data,
    clockOffsetMs: clockOffset(headers.date, { sentAt, heardAt: options.now() }),
  };
}

/** By Node's own client: `fetch` would keep 12 MB more in a process that makes a few calls an hour. */
async function exchange(
  call: SpaceCall,
  signal: AbortSignal,
  now: () => number,
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
  if (Math.trunc((response.statusCode ?? 0) / 100) !== 2) throw httpError(response, now());
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

function unreachable(reason: string, cause?: unknown, retryAfterMs?: number): AppError {
  return new AppError('unreachable', `Olares Space is not reachable: ${reason}`, {
    retry: 'backoff',
    hint: 'it is tried again by itself; check the network and the address with `olares-backup status`',
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function httpError(response: IncomingMessage, now: number): AppError {
  response.destroy();
  const retryAfterMs = retryAfterOf(response.headers, now);
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

/**
 * The smallest difference of the clocks that explains the answer's date: it was written between our question and its
 * arrival, and names whole seconds only.
 */
function clockOffset(
  header: string | undefined,
  { sentAt, heardAt }: { sentAt: number; heardAt: number },
): number {
  const date = Date.parse(header ?? '');
  if (Number.isNaN(date)) return 0;
  const least = date - heardAt;
  const most = date + 999 - sentAt;
  if (least > 0) return least;
  return most < 0 ? most : 0;
}
