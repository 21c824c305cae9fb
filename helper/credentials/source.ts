import type { StorageCredentials } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';

/** Life that must be left for credentials to be of use: this much, or the last fifth of a short life. */
const LEAST_LIFE_MS = 10_000;
const RENEW_AT = 0.8;
/** How long a request may be held for newer credentials while the old ones still work. */
const PATIENCE_MS = 15_000;
/** Pause before the daemon is asked again when what it sent was past its life already. */
const ASK_AGAIN_MS = 1_000;

/** Temporary credentials that never run out while somebody needs them. */
export interface CredentialSource {
  /** Resolves with credentials that work, however long that takes; rejects when the request is cancelled. */
  get(): Promise<StorageCredentials>;
  /** Somebody waits for them now, since this time of the session's clock. */
  waitingSince(): number | undefined;
  close(): void;
}

interface Held {
  readonly credentials: StorageCredentials;
  readonly renewAt: number;
  /** From here on they may run out before a request that begins with them has reached the storage. */
  readonly uselessAt: number;
}

/** Asks the daemon by `credentials-needed`: at first use, and again when 80 % of their life is over. */
export function createCredentialSource(session: Session): CredentialSource {
  const { clock, cancel, output } = session;
  let held: Held | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let asked = false;
  let waitingSince: number | undefined;
  const waiters = new Set<(credentials: StorageCredentials) => void>();

  const ask = () => {
    if (asked) return;
    // Before the call: an answer may come while it lasts.
    asked = true;
    output.credentialsNeeded();
  };
  const askIn = (delayMs: number) => {
    clearTimeout(renewal);
    // A longer delay than a timer can hold would fire at once.
    renewal = setTimeout(ask, Math.min(delayMs, 0x7fff_ffff)).unref();
  };
  const stopListening = session.onCredentials((credentials) => {
    asked = false;
    const lifeMs = credentials.expiresAt - clock();
    if (lifeMs <= 0) return askIn(ASK_AGAIN_MS);
    held = {
      credentials,
      renewAt: clock() + lifeMs * RENEW_AT,
      uselessAt: credentials.expiresAt - Math.min(LEAST_LIFE_MS, lifeMs * (1 - RENEW_AT)),
    };
    askIn(Math.max(lifeMs * RENEW_AT, ASK_AGAIN_MS));
    for (const waiter of waiters) waiter(credentials);
    waiters.clear();
    waitingSince = undefined;
  });
  const next = () =>
    new Promise<StorageCredentials>((resolve, reject) => {
      cancel.throwIfAborted();
      waitingSince ??= clock();
      waiters.add(resolve);
      cancel.addEventListener('abort', () => reject(cancel.reason), { once: true });
      ask();
    });

  return {
    async get() {
      const now = clock();
      if (!held || now >= held.uselessAt) return next();
      if (now < held.renewAt) return held.credentials;
      const old = held.credentials;
      return held.uselessAt - now < PATIENCE_MS ? next() : Promise.race([next(), after(PATIENCE_MS, old)]);
    },
    waitingSince: () => waitingSince,
    close() {
      clearTimeout(renewal);
      stopListening();
    },
  };
}

function after<T>(delayMs: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, delayMs, value).unref());
}
