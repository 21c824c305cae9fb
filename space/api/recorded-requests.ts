/**
 * Bodies of calls byte for byte as the real agent writes them: fields in its order, by plain string formatting, nothing
 * percent-encoded but `sk` and `st` (Above-Os/backups-sdk pkg/storage/space, beclab/Olares backup-server pkg/notify, as
 * of 2026-01). Values are made up; `{userid}` and the like stand for what the test's Space gave out.
 */
export interface RecordedRequest {
  readonly name: string;
  readonly path: string;
  readonly body: string;
  /** The same fields, for a client that encodes. */
  readonly fields: Readonly<Record<string, string>>;
}

const PLACE = {
  url: 'https://s3.us-west-2.amazonaws.com/b/{userid}-ab12cd34/olares-backups/my%20photos%20%26%20more-{backupId}',
  cloud: 'aws',
  region: 'us-west-2',
  bucket: 'b',
  prefix: '{userid}-ab12cd34',
};
const NO_PLACE = { url: '', cloud: '', region: '', bucket: '', prefix: '' };

const snapshot = (name: string, change: Record<string, string>): RecordedRequest =>
  request(name, '/v1/resource/snapshot/save', {
    userid: '{userid}',
    backupId: '{backupId}',
    snapshotId: '{snapshotId}',
    resticSnapshotId: 'a1'.repeat(32),
    size: '123456789',
    realSnapshotSize: '98765432',
    unit: 'byte',
    snapshotTime: '1767229200',
    status: 'Completed',
    type: 'incremental',
    ...PLACE,
    message: '',
    ...change,
  });

function request(name: string, path: string, fields: Record<string, string>): RecordedRequest {
  const body = Object.entries(fields).map(([field, value]) => `${field}=${value}`);
  return { name, path, fields, body: body.join('&') };
}

const SUMMARY =
  '{"message_type":"summary","files_new":3,"files_changed":0,"total_files_processed":3,"data_added":98765432}';

export const RECORDED_REPORTS: readonly RecordedRequest[] = [
  snapshot('a snapshot that is queued', {
    ...NO_PLACE,
    resticSnapshotId: '',
    size: '0',
    realSnapshotSize: '0',
    status: 'Pending',
    type: 'unknown',
  }),
  snapshot('a snapshot that is done', { message: SUMMARY }),
  snapshot('a first snapshot', { type: 'fully', message: SUMMARY }),
  snapshot('a failure in words', {
    ...NO_PLACE,
    resticSnapshotId: '',
    status: 'Failed',
    type: 'unknown',
    message: 'Fatal: unable to open config file: Stat: 100% of a+b & c=d',
  }),
  snapshot('a failure whose words look like fields', {
    status: 'Failed',
    message: 'lstat /home/a&status=Completed&size=1: no such file',
  }),
  snapshot('words that look encoded', { status: 'Failed', message: 'open /a%20b%2Bc: denied' }),
  snapshot('a message with lines, quotes and other scripts', {
    status: 'Canceled',
    message: 'Zeile 1\nline "2"\t照片 — 📷;',
  }),
];

export const RECORDED_QUESTIONS: readonly RecordedRequest[] = [
  request('storage keys', '/v1/resource/stsToken/backup', {
    cloudName: 'aws',
    durationSeconds: '43200',
    region: 'us-west-2',
    token: '{token}',
    userid: '{userid}',
    clusterId: 'YzEyMy1leGFtcGxl',
    backupPrefix: '',
  }),
  request('regions', '/v1/resource/backup/region', { userid: '{userid}', token: '{token}' }),
  request('usage', '/v1/resource/backup/usage', { userid: '{userid}', token: '{token}' }),
  request('the end of a plan', '/v1/resource/backup/stop', {
    userid: '{userid}',
    token: '{token}',
    backupId: '{backupId}',
  }),
];
