import type { AccountUsage } from '../storage.ts';
import type { ListPage } from './client.ts';
import type { ClusterLedger } from './ledger.ts';

export interface ClusterUsageOptions {
  readonly list: (prefix: string, options: { from: string | undefined }) => Promise<ListPage>;
  readonly ledger: ClusterLedger;
  readonly clock: () => number;
  readonly onError: (error: unknown) => void;
  /** A figure older than this is counted anew when somebody asks for it. */
  readonly maxAgeMs?: number;
}

const DEFAULT_MAX_AGE_MS = 5 * 60_000;
/** Counting takes at most a twentieth of the time, however many objects there are. */
const REST_FACTOR = 20;
const RETRY_MS = 60_000;
/** Ten million objects. What is more is not counted. */
const MAX_PAGES = 10_000;

/**
 * What is stored under prefixes, by listing them: nothing else tells it. Answers come from the last count at once;
 * a stale one starts a count in the background, one at a time, a page at a time.
 */
export class ClusterUsage {
  readonly #options: ClusterUsageOptions;
  readonly #maxAgeMs: number;
  /** When a prefix may be counted again, whoever asks. */
  readonly #notBefore = new Map<string, number>();
  /** What running first counts have found so far. */
  readonly #partial = new Map<string, { bytes: number; objects: number }>();
  readonly #counting = new Map<string, Promise<void>>();
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ClusterUsageOptions) {
    this.#options = options;
    this.#maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
  }

  /** The sum of the last counts, and when the oldest of them was made. */
  of(prefixes: readonly string[]): AccountUsage {
    const now = this.#options.clock();
    let sum: AccountUsage = { bytes: 0, objects: 0, measuredAtMs: now };
    for (const prefix of prefixes) {
      const known = this.#options.ledger.measured(prefix);
      if (this.#isStale(prefix, known?.measuredAtMs)) void this.#count(prefix);
      const part = known ?? { ...(this.#partial.get(prefix) ?? { bytes: 0, objects: 0 }), measuredAtMs: 0 };
      sum = {
        bytes: sum.bytes + part.bytes,
        objects: sum.objects + part.objects,
        measuredAtMs: Math.min(sum.measuredAtMs ?? now, part.measuredAtMs),
      };
    }
    return sum;
  }

  /**
   * As `of`, after waiting a while for the prefixes that were never counted. One that cannot be counted is 0: a backup
   * goes before the quota.
   */
  async known(prefixes: readonly string[], waitMs: number): Promise<AccountUsage> {
    const unknown = prefixes.filter(
      (prefix) => this.#options.ledger.measured(prefix) === undefined && this.#isStale(prefix, undefined),
    );
    if (unknown.length > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, waitMs)));
      await Promise.race([Promise.all(unknown.map((prefix) => this.#count(prefix))), late]);
      clearTimeout(timer);
    }
    return this.of(prefixes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }

  #isStale(prefix: string, measuredAtMs: number | undefined): boolean {
    const now = this.#options.clock();
    const isRested = now >= (this.#notBefore.get(prefix) ?? 0);
    return isRested && (measuredAtMs === undefined || Math.abs(now - measuredAtMs) > this.#maxAgeMs);
  }

  #count(prefix: string): Promise<void> {
    const running = this.#counting.get(prefix);
    if (running) return running;
    const counted = this.#last
      .then(() => this.#run(prefix))
      .catch((error: unknown) => {
        this.#notBefore.set(prefix, this.#options.clock() + RETRY_MS);
        if (!this.#isClosed) this.#options.onError(error);
      })
      .finally(() => {
        this.#counting.delete(prefix);
        this.#partial.delete(prefix);
      });
    this.#counting.set(prefix, counted);
    this.#last = counted;
    return counted;
  }

  async #run(prefix: string): Promise<void> {
    const { list, ledger, clock } = this.#options;
    const startedAtMs = clock();
    const sum = { bytes: 0, objects: 0 };
    this.#partial.set(prefix, sum);
    let from: string | undefined;
    for (let page = 0; page < MAX_PAGES && !this.#isClosed; page += 1) {
      const { bytes, objects, next } = await list(`${prefix}/`, { from });
      sum.bytes += bytes;
      sum.objects += objects;
      from = next;
      if (next === undefined) break;
    }
    if (this.#isClosed) return;
    const tookMs = Math.max(0, clock() - startedAtMs);
    ledger.setMeasured(prefix, { ...sum, measuredAtMs: clock() });
    this.#notBefore.set(prefix, clock() + tookMs * REST_FACTOR);
  }
}
