import { setTimeout as wait } from 'node:timers/promises';
import { AppError, type HelperInput, type StorageCredentials } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const SIGN_IN_PATIENCE_MS = 10 * 60_000;
const SIGN_IN_LOOK_MS = 2_000;
export const CREDENTIALS_STALL = 'waiting for Olares Space to issue storage keys';
export const SIGN_IN_STALL =
  'Olares Space no longer accepts the sign-in of this machine: sign in again to go on';

export interface CredentialSupplyOptions {
  readonly source: (() => Promise<StorageCredentials>) | undefined;
  readonly send: (input: HelperInput) => void;
  readonly onStall: (stall: string) => void;
  /** Nobody signed in again for minutes: the run must end, others wait for their turn. */
  readonly onRefused: (error: AppError) => void;
  /** How long a run waits for somebody to sign in again, milliseconds; default 10 minutes. */
  readonly signInPatienceMs: number | undefined;
  /** Aborted when the run has ended. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Answers the helper's wish for storage keys. A refusal is tried again for as long as the run lives: to the helper an
 * error would be fatal, since restic goes on without a signature and is denied.
 * @returns call it for each wish; wishes made while one is being met are the same wish
 */
export function supplyCredentials(options: CredentialSupplyOptions): () => void {
  let isBusy = false;
  return () => {
    if (isBusy) return;
    isBusy = true;
    void supply(options).finally(() => {
      isBusy = false;
    });
  };
}

async function supply(options: CredentialSupplyOptions): Promise<void> {
  const { source, send, signal, log } = options;
  if (!source) {
    log.error('a helper asks for storage keys, but the location has none');
    return;
  }
  const refusals = { waitedMs: 0 };
  for (let delayMs = FIRST_RETRY_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
    try {
      const credentials = await source();
      if (!signal.aborted) send({ type: 'credentials', credentials });
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, delayMs }, 'no storage keys');
      const waitMs = isRefusal(error)
        ? onRefusal(options, error, refusals)
        : onPassing(options, error, delayMs);
      if (waitMs === undefined) return;
      // An abort ends the wait; the loop's condition then ends the supply.
      await wait(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

const isRefusal = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === 'not_signed_in';

function onPassing({ onStall }: CredentialSupplyOptions, error: unknown, delayMs: number): number {
  onStall(CREDENTIALS_STALL);
  return Math.max(delayMs, error instanceof AppError ? (error.retryAfterMs ?? 0) : 0);
}

/** Somebody has to sign in. That the sign-in is refused is known here, so that looking again costs Space no call. */
function onRefusal(
  options: CredentialSupplyOptions,
  error: AppError,
  refusals: { waitedMs: number },
): number | undefined {
  if (refusals.waitedMs >= (options.signInPatienceMs ?? SIGN_IN_PATIENCE_MS)) {
    options.onRefused(error);
    return undefined;
  }
  refusals.waitedMs += SIGN_IN_LOOK_MS;
  options.onStall(SIGN_IN_STALL);
  return SIGN_IN_LOOK_MS;
}
