import { setTimeout as wait } from 'node:timers/promises';
import type { HelperInput, StorageCredentials } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
export const CREDENTIALS_STALL = 'waiting for Olares Space to issue storage keys';

export interface CredentialSupplyOptions {
  readonly source: (() => Promise<StorageCredentials>) | undefined;
  readonly send: (input: HelperInput) => void;
  readonly onStall: (stall: string) => void;
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

async function supply({ source, send, onStall, signal, log }: CredentialSupplyOptions): Promise<void> {
  if (!source) {
    log.error('a helper asks for storage keys, but the location has none');
    return;
  }
  for (let delayMs = FIRST_RETRY_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
    try {
      const credentials = await source();
      if (!signal.aborted) send({ type: 'credentials', credentials });
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, delayMs }, 'no storage keys');
      onStall(CREDENTIALS_STALL);
      // An abort ends the wait; the loop's condition then ends the supply.
      await wait(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
