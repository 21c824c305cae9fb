import type {
  ConsoleAccount,
  ConsoleBackup,
  ConsoleCommand,
  ConsoleDevice,
  ConsoleJob,
  ConsoleRequest,
  ConsoleSnapshot,
  ConsoleState,
} from '../../contract/space/console.ts';
import { JOB_END_STATES, type JobState } from '../../contract/model/job.ts';
import { cleanText } from '../../contract/text.ts';
import type { Account } from '../state/accounts.ts';
import type { Command } from '../state/commands.ts';
import type { Device } from '../state/devices.ts';
import { asObject, type Mirrored } from '../state/events.ts';
import type { Backup, SnapshotRecord } from '../state/records.ts';
import { readPrice } from '../state/price.ts';
import type { State } from '../state/state.ts';
import type { LiveProgress } from './live.ts';

export interface ViewSources {
  readonly state: State;
  readonly clock: () => number;
  readonly spaceUrl: string;
  readonly isConnected: (deviceId: string) => boolean;
  readonly usedBytes: (accountId: string) => number;
  readonly progress: LiveProgress;
}

const SNAPSHOTS_SHOWN = 20;
const COMMANDS_SHOWN = 20;
const JOBS_SHOWN = 20;

/** Everything the console's first look needs. Whatever a device told is text of unknown origin and is cleaned here. */
export function consoleState(sources: ViewSources): ConsoleState {
  return {
    serverTime: sources.clock(),
    spaceUrl: sources.spaceUrl,
    accounts: sources.state.accounts.list().map((account) => accountView(account, sources)),
  };
}

function accountView(account: Account, sources: ViewSources): ConsoleAccount {
  const { state, usedBytes } = sources;
  const price = readPrice(state);
  const devices = state.devices.list(account.id);
  const plans = new Map(
    devices.flatMap((device) =>
      state.events.mirrored(device.id, 'plan').map((plan) => [plan.item, { plan, device }]),
    ),
  );
  return {
    id: account.id,
    olaresName: account.olaresName,
    userid: account.userid,
    usedBytes: usedBytes(account.id),
    totalBytes: account.quotaBytes,
    planLevel: account.planLevel,
    overageBytes: account.overageBytes,
    ...(price === undefined ? {} : { price }),
    devices: devices.map((device) => deviceView(device, sources)),
    backups: state.records
      .backups(account.id)
      .map((backup) => backupView(backup, state, plans.get(backup.backupId))),
  };
}

function deviceView(device: Device, { state, isConnected, progress }: ViewSources): ConsoleDevice {
  const requests = state.events.mirrored(device.id, 'request');
  return {
    id: device.id,
    machine: cleanText(device.machine, 100),
    agentVersion: cleanText(device.agentVersion, 40),
    isConnected: isConnected(device.id),
    isRevoked: device.revokedAt !== null,
    pairedAt: device.createdAt,
    ...(device.lastSeenAt === null ? {} : { lastSeenAt: device.lastSeenAt }),
    problems: state.events.mirrored(device.id, 'health').flatMap(({ body }) => textOf(body['message']) ?? []),
    jobs: state.events
      .mirrored(device.id, 'job')
      .filter(({ body }) => !JOB_END_STATES.has(String(body['state']) as JobState))
      .slice(0, JOBS_SHOWN)
      .map((job) => jobView(job, progress.of(device.id, job.item))),
    commands: state.commands
      .recent(device.id, COMMANDS_SHOWN)
      .map((command) => commandView(command, requests)),
  };
}

function jobView({ item, body }: Mirrored, progress: Record<string, unknown> | undefined): ConsoleJob {
  const fraction = progress?.['fraction'];
  return {
    id: item,
    kind: textOf(body['kind']) ?? 'job',
    state: textOf(body['state']) ?? 'unknown',
    ...optional('planId', body['planId']),
    ...optional('planName', body['planName']),
    ...optional('reason', body['reason']),
    ...optional('phase', progress?.['phase']),
    ...(typeof fraction === 'number' && fraction >= 0 && fraction <= 1 ? { fraction } : {}),
  };
}

function commandView(command: Command, requests: readonly Mirrored[]): ConsoleCommand {
  const params = asObject((JSON.parse(command.payload) as { params?: unknown }).params);
  const request = requestView(command.requestCode, requests);
  return {
    id: command.id,
    kind: command.kind,
    status: command.status,
    askedBy: command.askedBy,
    issuedAt: command.issuedAt,
    expiresAt: command.expiresAt,
    updatedAt: command.updatedAt,
    ...optional('code', command.code),
    ...optional('reason', command.reason),
    ...optional('planId', params?.['planId']),
    ...optional('snapshotId', params?.['snapshotId']),
    ...(request ? { request } : {}),
  };
}

function requestView(code: string | null, requests: readonly Mirrored[]): ConsoleRequest | undefined {
  if (code === null) return undefined;
  const request = requests.find(({ body }) => body['code'] === code);
  return {
    code: cleanText(code, 16),
    ...optional('id', request?.item),
    ...optional('state', request?.body['state']),
    ...optional('reason', request?.body['reason']),
  };
}

type PlanOfDevice = { readonly plan: Mirrored; readonly device: Device };

function backupView(backup: Backup, state: State, known: PlanOfDevice | undefined): ConsoleBackup {
  const { accountId, backupId } = backup;
  const snapshots = state.records.snapshots(accountId, backupId, { limit: SNAPSHOTS_SHOWN, offset: 0 });
  const newestGood = snapshots.find(({ status }) => status === 'Completed');
  return {
    id: backupId,
    name: cleanText(backup.name, 200),
    type: backup.type,
    path: cleanText(backup.path),
    ...optional('deviceId', backup.deviceId ?? known?.device.id),
    ...optional('planState', known?.plan.body['state']),
    createdAt: backup.createdAt,
    ...(backup.stoppedAt === null ? {} : { stoppedAt: backup.stoppedAt }),
    ...(newestGood ? { lastSnapshotAt: newestGood.takenAt, storedBytes: newestGood.storedBytes } : {}),
    snapshotCount: state.records.countSnapshots(accountId, backupId),
    snapshots: snapshots.map(snapshotView),
  };
}

export function snapshotView(snapshot: SnapshotRecord): ConsoleSnapshot {
  const isBad = snapshot.status === 'Failed' || snapshot.status === 'Rejected';
  return {
    id: snapshot.snapshotId,
    resticId: snapshot.resticId,
    takenAt: snapshot.takenAt,
    sizeBytes: snapshot.sizeBytes,
    status: snapshot.status,
    type: snapshot.type,
    ...(isBad && snapshot.message !== '' ? { message: cleanText(snapshot.message) } : {}),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? cleanText(value) : undefined;

function optional<K extends string>(name: K, value: unknown): { [P in K]?: string } {
  const text = textOf(value);
  return text === undefined ? {} : ({ [name]: text } as { [P in K]: string });
}
