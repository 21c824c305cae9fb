import {
  cleanText,
  type CommandPayload,
  type SpaceCommand,
  type SpaceCommandsAnswer,
} from '../../contract/index.ts';
import type { CommandRow } from '../store/command-table.ts';
import type { Store } from '../store/store.ts';
import { requestOutcome } from './request-outcome.ts';

/** Of a command's parameters those that say what it was about. A Backup URL stays out: it may carry keys. */
type Subject = Partial<Record<'planId' | 'jobId' | 'requestId' | 'snapshotId' | 'note' | 'text', string>>;

/** One command as a person is told of it. */
export function commandView({ plans }: Pick<Store, 'plans'>, row: CommandRow): SpaceCommand {
  return toCommand(row, namesOf(plans));
}

const namesOf = (plans: Store['plans']) => new Map(plans.list().map(({ id, name }) => [id, name]));

/** What Space asked of this machine and what came of it, newest first. */
export function commandTrail(
  store: Pick<Store, 'commands' | 'plans' | 'requests'>,
  { limit, after }: { limit: number; after: number },
): SpaceCommandsAnswer {
  const names = namesOf(store.plans);
  const rows = store.commands.list(limit, after);
  return {
    commands: withEnds(store, rows).map((row) => toCommand(row, names)),
    total: store.commands.count(),
  };
}

/** Space is told when it can be reached; here it is known at once. */
function withEnds({ requests }: Pick<Store, 'requests'>, rows: readonly CommandRow[]): readonly CommandRow[] {
  const isOpen = ({ kind, status }: CommandRow) => kind === 'restore.propose' && status === 'waiting';
  if (!rows.some(isOpen)) return rows;
  const byCommand = new Map(requests.list({}).map((request) => [request.commandId, request]));
  return rows.map((row) => {
    const request = isOpen(row) ? byCommand.get(row.commandId) : undefined;
    const outcome = request && requestOutcome(request);
    return outcome ? { ...row, ...outcome } : row;
  });
}

function toCommand(row: CommandRow, names: ReadonlyMap<string, string>): SpaceCommand {
  const { issuedAt, expiresAt, params } = JSON.parse(row.payload) as CommandPayload;
  const { note, text = note, planId, jobId, requestId, snapshotId } = params as Subject;
  const found = {
    code: row.code ?? undefined,
    requestCode: row.requestCode ?? undefined,
    planId,
    planName: names.get(planId ?? ''),
    jobId,
    requestId,
    snapshotId,
    text: text && cleanText(text, 500),
    reason: row.reason ?? undefined,
    expiresAt: row.status === 'waiting' && row.kind !== 'restore.propose' ? expiresAt : undefined,
  };
  return {
    id: row.commandId,
    deviceId: row.deviceId,
    kind: row.kind as SpaceCommand['kind'],
    status: row.status,
    askedAt: issuedAt,
    receivedAt: row.receivedAt,
    ...withoutAbsent(found),
  };
}

/** @returns only the fields that hold something */
function withoutAbsent<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const held = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(held) as { [K in keyof T]?: NonNullable<T[K]> };
}
