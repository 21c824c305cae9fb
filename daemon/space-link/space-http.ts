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
  const response = await send(call, options);
  if (!response.ok) throw httpError(response);
  const text = await readLimited(response);
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
  return { code: body.code, data: body.data, clockOffsetMs: clockOffset(response, options.now()) };
}

async function send(call: SpaceCall, options: SpaceHttpOptions): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    return await fetch(call.url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'content-type': call.json === undefined ? 'application/x-www-form-urlencoded' : 'application/json',
      },
      body: call.json === undefined ? new URLSearchParams(call.form).toString() : JSON.stringify(call.json),
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    });
  } catch (error) {
    throw unreachable(reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: string } | undefined)?.code;
  if (code && code in NETWORK_REASONS) return NETWORK_REASONS[code as keyof typeof NETWORK_REASONS];
  if (error instanceof Error && error.name === 'TimeoutError') return 'it did not answer in time';
  return code ?? 'the connection failed';
}

const NETWORK_REASONS = {
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'its name is not known to DNS',
  EAI_AGAIN: 'DNS did not answer',
  ETIMEDOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_SOCKET: 'the connection was cut',
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

function httpError(response: Response): AppError {
  void response.body?.cancel().catch(() => undefined);
  const seconds = Number(response.headers.get('retry-after'));
  const retryAfterMs =
    Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
  return unreachable(`it answered with HTTP ${response.status}`, undefined, retryAfterMs);
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.byteLength;
      if (length > MAX_ANSWER_BYTES) throw unreachable('its answer is too long');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreachable(reasonOf(error), error);
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

function clockOffset(response: Response, now: number): number {
  const date = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(date) ? 0 : date - now;
}
