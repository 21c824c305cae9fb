import { AppError, type Usage } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';
import { inUnits } from './in-units.ts';
import { allowedBytes, waysOut, type QuotaPolicy } from './verdict.ts';

/** What a line sends in so long is what it can cost at most beyond the limit. */
const LOOK_EVERY_MS = 3_000;

/** Ends a running upload before it costs more than was agreed to. */
export interface QuotaGuard extends Disposable {
  /** Aborted when what is stored has passed what the policy allows. */
  readonly signal: AbortSignal;
  /** The end of an upload in words, when it met the limit; any other error as it is. */
  explain(error: unknown): Promise<unknown>;
}

export interface QuotaGuardOptions {
  readonly get: (refresh: boolean) => Promise<Usage>;
  readonly policy: QuotaPolicy;
  readonly log: Log;
  /** False for storages that Space has no meter for. */
  readonly isAtSpace: boolean;
}

/** Where Space itself refuses what is beyond the quota there is nothing to watch; where it would sell it, there is. */
export function createQuotaGuard({ get, policy, log, isAtSpace }: QuotaGuardOptions): QuotaGuard {
  const passed = new AbortController();
  const look = async (): Promise<void> => {
    const usage = await get(true);
    const allowed = allowedBytes(usage, policy);
    if (usage.source === 'space' && !usage.overage) clearInterval(timer);
    if (usage.overage && allowed !== undefined && usage.usedBytes > allowed) passed.abort('cancel');
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.warn({ err: error }, 'usage could not be watched'));
  }, LOOK_EVERY_MS).unref();
  if (!isAtSpace) clearInterval(timer);
  return {
    signal: passed.signal,
    async explain(error) {
      const isQuota = passed.signal.aborted || (error instanceof AppError && error.code === 'quota_exceeded');
      if (!isQuota) return error;
      return stoppedAtLimit(isAtSpace ? await get(true) : undefined, policy, error);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function fullness({ usedBytes, totalBytes }: Usage): string {
  const used = `${inUnits(usedBytes)} of ${inUnits(totalBytes)} at Olares Space are used`;
  return usedBytes < totalBytes
    ? `the storage is nearly full: ${used}, and the next part did not fit`
    : `the storage is full: ${used}`;
}

function stoppedAtLimit(usage: Usage | undefined, policy: QuotaPolicy, cause: unknown): AppError {
  const isMetered = usage !== undefined && usage.source === 'space' && usage.totalBytes > 0;
  const why = isMetered ? fullness(usage) : 'the storage takes no more data';
  return new AppError(
    'quota_exceeded',
    `stopped because ${why}; what was uploaded whole is kept, and the next run goes on from it`,
    {
      hint: isMetered
        ? waysOut(usage, policy)
        : 'your existing snapshots are safe; get more room there, or keep the plan elsewhere: plan add --location DIR',
      cause,
    },
  );
}
