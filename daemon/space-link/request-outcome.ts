import type { RestoreRequest } from '../../contract/index.ts';
import type { CommandOutcome } from '../store/command-table.ts';

/**
 * What became of a restore that Space proposed; undefined while it has not ended. Of its words only those that a person
 * wrote for whoever asked: others may hold paths.
 */
export function requestOutcome({
  state,
  reason,
  error,
}: {
  readonly state: RestoreRequest['state'];
  readonly reason?: string | null | undefined;
  readonly error?: RestoreRequest['error'] | null;
}): CommandOutcome | undefined {
  switch (state) {
    case 'done':
      return { status: 'done' };
    case 'incomplete':
      return { status: 'done', code: 'incomplete' };
    case 'failed':
      return { status: 'failed', code: error?.code ?? 'failed' };
    case 'declined':
      return { status: 'refused', code: 'declined', ...(reason ? { reason } : {}) };
    case 'cancelled':
      return { status: 'refused', code: 'cancelled' };
    case 'expired':
      return { status: 'expired' };
    default:
      return undefined;
  }
}
