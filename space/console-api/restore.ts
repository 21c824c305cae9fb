import { AppError } from '../../contract/errors.ts';
import type { ConsoleRestoreRequest } from '../../contract/space/console.ts';
import { REPOSITORY_FOLDER } from '../../contract/space/wire.ts';
import type { StorageIdentity } from '../api/sts.ts';
import type { NewCommand } from '../state/commands.ts';
import type { Backup, SnapshotRecord } from '../state/records.ts';
import type { State } from '../state/state.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The command behind "Restore to local". It proposes: what is restored where is decided at the machine.
 * @throws AppError `not_found`, or `conflict` for a snapshot that holds nothing to restore
 */
export function proposeRestore(
  wish: ConsoleRestoreRequest,
  context: { state: State; storage: StorageIdentity; askedBy: string },
): NewCommand {
  const { state, storage, askedBy } = context;
  const backup = state.records.backup(wish.accountId, wish.backupId);
  const snapshot = state.records.snapshot(wish.accountId, wish.snapshotId);
  if (!backup || snapshot?.backupId !== backup.backupId)
    throw new AppError('not_found', 'there is no such snapshot');
  if (snapshot.resticId === '')
    throw new AppError('conflict', 'this snapshot was never finished, so nothing of it can be restored');
  const deviceId = targetDevice(wish, backup, state);
  const backupUrl = backupUrlOf({
    backup,
    snapshot,
    storage,
    prefixes: state.accounts.prefixes(wish.accountId),
  });
  const isOwnPlan = deviceId === sourceDevice(backup, state) && UUID.test(backup.backupId);
  return {
    deviceId,
    kind: 'restore.propose',
    params: {
      ...(isOwnPlan ? { planId: backup.backupId } : {}),
      snapshotId: snapshot.resticId,
      ...(backupUrl === undefined ? {} : { backupUrl }),
      note: (wish.note ?? '').slice(0, 500),
    },
    askedBy,
  };
}

/** Which device made the backup: by its token, else by what it told over its link. */
function sourceDevice(backup: Backup, state: State): string | undefined {
  if (backup.deviceId !== null) return backup.deviceId;
  return state.devices
    .list(backup.accountId)
    .find(({ id }) => state.events.mirrored(id, 'plan').some(({ item }) => item === backup.backupId))?.id;
}

function targetDevice(wish: ConsoleRestoreRequest, backup: Backup, state: State): string {
  const deviceId = wish.deviceId ?? sourceDevice(backup, state) ?? onlyDevice(backup, state);
  const device = deviceId === undefined ? undefined : state.devices.byId(deviceId);
  if (!device || device.accountId !== backup.accountId) {
    throw new AppError('not_found', 'the machine is not one of this account', {
      field: 'deviceId',
      hint: 'choose a paired machine',
    });
  }
  if (device.revokedAt !== null) {
    throw new AppError('conflict', 'this machine was revoked', {
      field: 'deviceId',
      hint: 'choose another one',
    });
  }
  return device.id;
}

function onlyDevice(backup: Backup, state: State): string | undefined {
  const usable = state.devices.list(backup.accountId).filter(({ revokedAt }) => revokedAt === null);
  return usable.length === 1 ? usable[0]?.id : undefined;
}

interface UrlSources {
  readonly backup: Backup;
  readonly snapshot: SnapshotRecord;
  readonly storage: StorageIdentity;
  readonly prefixes: readonly string[];
}

/**
 * The Backup URL that the real Space shows. Built on our own endpoint: of the reported address only a path below the
 * account's own prefix is taken, since snapshot reports carry no token.
 */
export function backupUrlOf(sources: UrlSources): string | undefined {
  const { backup, snapshot, storage } = sources;
  const path = repositoryPath(sources);
  if (path === undefined) return undefined;
  const query = [
    `snapshotId=${snapshot.resticId}`,
    `snapshotTime=${Math.floor(snapshot.takenAt / 1000)}`,
    `backupPath=${encodeURIComponent(Buffer.from(backup.path).toString('base64'))}`,
    `backupType=${backup.type}`,
  ].join('&');
  const text = Buffer.from(`${storage.endpoint}${path}?${query}`).toString('base64');
  return text.length <= 8192 ? text : undefined;
}

function repositoryPath({ backup, snapshot, storage, prefixes }: UrlSources): string | undefined {
  if (!URL.canParse(snapshot.url)) return undefined;
  const { pathname } = new URL(snapshot.url);
  const parts = pathname.split('/').map(decode);
  const repository = parts.pop() ?? '';
  const folders = prefixes.map((prefix) => `/${storage.bucket}/${prefix}/${REPOSITORY_FOLDER}`);
  const isOurs = parts.length === 4 && folders.includes(parts.join('/'));
  const isOfBackup = repository.endsWith(`-${backup.backupId}`) && !repository.split('/').includes('..');
  return isOurs && isOfBackup ? pathname : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A part that is not well encoded belongs to no repository of ours.
    return '';
  }
}
