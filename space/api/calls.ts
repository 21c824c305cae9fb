import { AppError } from '../../contract/errors.ts';
import {
  SNAPSHOT_SAVE_FIELDS,
  STS_DURATION_SECONDS,
  type WIRE_PATHS,
  type Envelope,
} from '../../contract/space/wire.ts';
import type { Clock } from '../ids.ts';
import type { Identity } from '../state/accounts.ts';
import { mayStore } from '../open-storage.ts';
import { readPrice } from '../state/price.ts';
import type { State } from '../state/state.ts';
import type { Storage } from '../storage/storage.ts';
import { existsAlready, ok, signInAgain } from './envelope.ts';
import { numberField, requireField, type Fields } from './forms.ts';
import { backupReport, snapshotReport } from './reports.ts';
import { stsAnswer, stsRefusal, type StorageIdentity } from './sts.ts';

export type WireCall = keyof typeof WIRE_PATHS;

export interface WireContext {
  readonly state: State;
  readonly storage: Storage;
  readonly storageIdentity: StorageIdentity;
  readonly clock: Clock;
  /** Told after something was stored that a viewer may want to see. */
  readonly changed: () => void;
}

interface Call {
  /** Names of the fields it reads. */
  readonly fields: readonly string[];
  readonly run: (context: WireContext, fields: Fields) => Envelope | Promise<Envelope>;
}

const IDENTITY = ['userid', 'token'];

/** The calls of the real Space, each from its fields to its envelope. */
export const WIRE_CALLS: Readonly<Record<WireCall, Call>> = {
  stsToken: {
    fields: [
      'cloudName',
      'durationSeconds',
      'region',
      'token',
      'userid',
      'clusterId',
      'backupPrefix',
      'purpose',
    ],
    run: signedIn(stsToken),
  },
  stsRefresh: { fields: ['ak', 'sk', 'st', 'durationSeconds'], run: stsRefresh },
  regions: { fields: IDENTITY, run: signedIn(({ storageIdentity }) => ok(regions(storageIdentity))) },
  usage: { fields: IDENTITY, run: signedIn(usage) },
  backupSave: {
    fields: [...IDENTITY, 'backupId', 'name', 'backupType', 'backupTime', 'backupPath', 'backupLocation'],
    run: signedIn(backupSave),
  },
  snapshotSave: { fields: [...SNAPSHOT_SAVE_FIELDS, 'token'], run: snapshotSave },
  backupStop: { fields: [...IDENTITY, 'backupId'], run: signedIn(backupStop) },
  tokenRefresh: { fields: IDENTITY, run: signedIn(tokenRefresh) },
};

type SignedInCall = (
  context: WireContext,
  identity: Identity,
  fields: Fields,
) => Envelope | Promise<Envelope>;

function signedIn(call: SignedInCall): Call['run'] {
  return (context, fields) => {
    const identity = context.state.accounts.identify(fields['userid'] ?? '', fields['token'] ?? '');
    return identity ? call(context, identity, fields) : signInAgain();
  };
}

async function stsToken(
  context: WireContext,
  { account, deviceId }: Identity,
  fields: Fields,
): Promise<Envelope> {
  const { state, storage, storageIdentity } = context;
  const ttlSeconds = duration(fields);
  const foreignSuffix = fields['backupPrefix'] ?? '';
  if (foreignSuffix !== '' && !state.accounts.suffixes(account.id).includes(foreignSuffix)) {
    return stsRefusal(`this account has no data under the prefix "${foreignSuffix.slice(0, 60)}"`);
  }
  const prefix =
    foreignSuffix === ''
      ? state.accounts.prefixFor(account, fromBase64(fields['clusterId'] ?? ''))
      : `${account.userid}-${foreignSuffix}`;
  const credentials = await storage.issue({
    accountId: account.id,
    prefix,
    purpose: purposeOf(fields),
    ttlSeconds,
  });
  state.accounts.rememberStorageKey(credentials.accessKeyId, account.id, deviceId);
  return ok(stsAnswer(credentials, storageIdentity));
}

/** Ours: what the keys are for. An agent that does not say gets those for a backup. */
function purposeOf(fields: Fields): 'backup' | 'keys' {
  return fields['purpose'] === 'keys' ? 'keys' : 'backup';
}

/** Asked without a token: the credentials themselves are the proof, as long as their device is welcome. */
async function stsRefresh(
  { state, storage, storageIdentity }: WireContext,
  fields: Fields,
): Promise<Envelope> {
  const accessKeyId = requireField(fields, 'ak');
  const holder = state.accounts.holderOfStorageKey(accessKeyId);
  const keys = {
    accessKeyId,
    secretAccessKey: requireField(fields, 'sk'),
    sessionToken: requireField(fields, 'st', 8192),
  };
  const credentials = holder && (await storage.refresh(keys, duration(fields)));
  if (!holder || !credentials) return signInAgain();
  state.accounts.rememberStorageKey(credentials.accessKeyId, holder.accountId, holder.deviceId);
  return ok(stsAnswer(credentials, storageIdentity));
}

const regions = ({ region, cloud }: StorageIdentity) => [
  { regionId: region, regionName: 'This Space', cloudName: cloud },
];

function usage({ storage, state }: WireContext, { account }: Identity): Envelope {
  const { bytes } = storage.accountUsage(account.id);
  const price = readPrice(state);
  return ok({
    totalSize: account.quotaBytes,
    usageSize: bytes,
    usedSize: bytes,
    canBackup: bytes < mayStore(account),
    planLevel: account.planLevel,
    overageSize: Math.max(0, bytes - account.quotaBytes),
    overageLimit: account.overageBytes,
    ...(price === undefined ? {} : { price }),
  });
}

function backupSave(context: WireContext, identity: Identity, fields: Fields): Envelope {
  const report = backupReport(identity, fields);
  const isNew = context.state.records.saveBackup(report);
  return received(
    context,
    { accountId: report.accountId, call: 'backupSave', subject: report.backupId, status: '' },
    isNew,
  );
}

/**
 * The real agent sends no token here; one that comes along must be valid all the same. Without one a DID alone, which
 * is no secret, must not add records: paired machines report the backup first, with a token.
 */
function snapshotSave(context: WireContext, fields: Fields): Envelope {
  const { accounts, records } = context.state;
  const userid = requireField(fields, 'userid');
  const token = fields['token'];
  const account = token === undefined ? accounts.byUserid(userid) : accounts.identify(userid, token)?.account;
  if (!account) return signInAgain();
  const report = snapshotReport(account.id, fields);
  if (token === undefined && isPaired(context, account.id) && !records.backup(account.id, report.backupId)) {
    throw new AppError('refused', 'this account has no backup of that id', { field: 'backupId' });
  }
  const isNew = records.saveSnapshot(report);
  const { snapshotId: subject, status } = report;
  return received(context, { accountId: account.id, call: 'snapshotSave', subject, status }, isNew);
}

const isPaired = ({ state }: WireContext, accountId: string): boolean =>
  state.devices.list(accountId).length > 0;

function backupStop(context: WireContext, { account }: Identity, fields: Fields): Envelope {
  const backupId = requireField(fields, 'backupId', 100);
  context.state.records.stopBackup(account.id, backupId);
  return received(
    context,
    { accountId: account.id, call: 'backupStop', subject: backupId, status: '' },
    true,
  );
}

function tokenRefresh({ state }: WireContext, identity: Identity, fields: Fields): Envelope {
  const { token, expiresAt } = state.accounts.replaceToken(identity, fields['token'] ?? '');
  return ok({ token, expired: expiresAt });
}

type ReceiptHead = { accountId: string; call: string; subject: string; status: string };

function received({ state, changed }: WireContext, head: ReceiptHead, isNew: boolean): Envelope {
  const answer = isNew ? ok() : existsAlready();
  state.records.addReceipt({ ...head, code: answer.code });
  if (isNew) changed();
  return answer;
}

const duration = (fields: Fields): number =>
  Math.min(Math.max(1, numberField(fields, 'durationSeconds', STS_DURATION_SECONDS)), STS_DURATION_SECONDS);

/** The cluster id comes in base64; what is none is taken as it is. */
function fromBase64(text: string): string {
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return Buffer.from(decoded).toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
    ? decoded
    : text;
}
