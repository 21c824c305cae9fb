import { AppError } from '../../contract/errors.ts';
import { SNAPSHOT_PHASES, SNAPSHOT_TYPES } from '../../contract/space/wire.ts';
import type { Identity } from '../state/accounts.ts';
import type { BackupReport, SnapshotRecord } from '../state/records.ts';
import { numberField, requireField, type Fields } from './forms.ts';

const MAX_MESSAGE = 16_384;
const MAX_PATH = 16_384;
const ID = /^[A-Za-z0-9_-]{1,100}$/;
const RESTIC_ID = /^([0-9a-f]{64})?$/;

/** @throws AppError `invalid_input` */
export function backupReport({ account, deviceId }: Identity, fields: Fields): BackupReport {
  return {
    accountId: account.id,
    backupId: idField(fields, 'backupId'),
    deviceId: deviceId ?? null,
    name: requireField(fields, 'name', 500),
    type: numberField(fields, 'backupType', 1),
    path: (fields['backupPath'] ?? '').slice(0, MAX_PATH),
    location: (fields['backupLocation'] ?? '').slice(0, 100),
    createdAt: seconds(fields, 'backupTime'),
  };
}

/** @throws AppError `invalid_input` */
export function snapshotReport(accountId: string, fields: Fields): SnapshotRecord {
  const resticId = fields['resticSnapshotId'] ?? '';
  if (!RESTIC_ID.test(resticId)) {
    throw new AppError('invalid_input', 'resticSnapshotId is not an id of restic', {
      field: 'resticSnapshotId',
    });
  }
  return {
    accountId,
    snapshotId: idField(fields, 'snapshotId'),
    backupId: idField(fields, 'backupId'),
    resticId,
    sizeBytes: numberField(fields, 'size', 0),
    storedBytes: numberField(fields, 'realSnapshotSize', 0),
    takenAt: seconds(fields, 'snapshotTime'),
    status: oneOf(fields, 'status', SNAPSHOT_PHASES),
    type: oneOf({ type: 'unknown', ...fields }, 'type', SNAPSHOT_TYPES),
    url: (fields['url'] ?? '').slice(0, 4096),
    message: (fields['message'] ?? '').slice(0, MAX_MESSAGE),
  };
}

function idField(fields: Fields, name: string): string {
  const value = requireField(fields, name, 100);
  if (!ID.test(value)) throw new AppError('invalid_input', `${name} is not an id`, { field: name });
  return value;
}

/** Unix seconds to milliseconds; the bound keeps the product a whole number and every date printable. */
function seconds(fields: Fields, name: string): number {
  const value = numberField(fields, name, 0);
  if (value > 253_402_300_799)
    throw new AppError('invalid_input', `${name} is not in Unix seconds`, { field: name });
  return value * 1000;
}

function oneOf(fields: Fields, name: string, allowed: readonly string[]): string {
  const value = requireField(fields, name);
  if (!allowed.includes(value)) {
    throw new AppError(
      'invalid_input',
      `${name} is "${value.slice(0, 40)}", but must be one of ${allowed.join(', ')}`,
      {
        field: name,
      },
    );
  }
  return value;
}
