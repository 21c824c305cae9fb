import * as Type from 'typebox';
import type { Static } from 'typebox';
import { parser } from '../../contract/schema.ts';

/** restic's JSON, as far as we use it. Fields with the value 0 may be left out by restic. */
const Status = Type.Object({
  message_type: Type.Literal('status'),
  seconds_elapsed: Type.Optional(Type.Number()),
  percent_done: Type.Optional(Type.Number()),
  total_files: Type.Optional(Type.Integer()),
  files_done: Type.Optional(Type.Integer()),
  files_restored: Type.Optional(Type.Integer()),
  total_bytes: Type.Optional(Type.Integer()),
  bytes_done: Type.Optional(Type.Integer()),
  bytes_restored: Type.Optional(Type.Integer()),
  error_count: Type.Optional(Type.Integer()),
});
export type ResticStatus = Static<typeof Status>;

const ErrorEvent = Type.Object({
  message_type: Type.Literal('error'),
  error: Type.Optional(Type.Object({ message: Type.Optional(Type.String()) })),
  during: Type.Optional(Type.String()),
  item: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});
export type ResticErrorEvent = Static<typeof ErrorEvent>;

const BackupEnd = Type.Object({
  message_type: Type.Literal('summary'),
  files_new: Type.Integer(),
  files_changed: Type.Integer(),
  files_unmodified: Type.Integer(),
  total_files_processed: Type.Integer(),
  total_bytes_processed: Type.Integer(),
  data_added: Type.Integer(),
  data_added_packed: Type.Optional(Type.Integer()),
  snapshot_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  dry_run: Type.Optional(Type.Boolean()),
});
export type ResticBackupEnd = Static<typeof BackupEnd>;

const RestoreEnd = Type.Object({
  message_type: Type.Literal('summary'),
  total_files: Type.Optional(Type.Integer()),
  files_restored: Type.Optional(Type.Integer()),
  total_bytes: Type.Optional(Type.Integer()),
  bytes_restored: Type.Optional(Type.Integer()),
});
export type ResticRestoreEnd = Static<typeof RestoreEnd>;

const Verbose = Type.Object({
  message_type: Type.Literal('verbose_status'),
  action: Type.String(),
  item: Type.String(),
  size: Type.Optional(Type.Integer()),
});

const Node = Type.Object({
  name: Type.String(),
  type: Type.String(),
  path: Type.String(),
  uid: Type.Optional(Type.Integer()),
  gid: Type.Optional(Type.Integer()),
  size: Type.Optional(Type.Integer()),
  mode: Type.Optional(Type.Integer()),
  mtime: Type.Optional(Type.String()),
});

const Snapshot = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  time: Type.String(),
  hostname: Type.Optional(Type.String()),
  paths: Type.Optional(Type.Array(Type.String())),
  tags: Type.Optional(Type.Array(Type.String())),
  summary: Type.Optional(
    Type.Object({
      data_added_packed: Type.Optional(Type.Integer()),
      total_files_processed: Type.Optional(Type.Integer()),
      total_bytes_processed: Type.Optional(Type.Integer()),
    }),
  ),
});

const Key = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  current: Type.Boolean(),
  created: Type.String(),
});

export const statusMessage = parser(Status);
export const errorEvent = parser(ErrorEvent);
export const backupEnd = parser(BackupEnd);
export const restoreEnd = parser(RestoreEnd);
export const verboseMessage = parser(Verbose);
export const nodeMessage = parser(Node);
export const snapshotList = parser(Type.Array(Snapshot));
export const keyList = parser(Type.Array(Key));
export const initMessage = parser(
  Type.Object({ message_type: Type.Literal('initialized'), id: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
);
export const statsMessage = parser(
  Type.Object({ total_size: Type.Integer(), snapshots_count: Type.Integer() }),
);
export const versionMessage = parser(
  Type.Object({ message_type: Type.Literal('version'), version: Type.String() }),
);
export const checkEnd = parser(
  Type.Object({ message_type: Type.Literal('summary'), num_errors: Type.Integer() }),
);

/** The value of `message_type`, to look at before a schema is paid for. */
export function messageType(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('message_type' in message)) return undefined;
  return typeof message.message_type === 'string' ? message.message_type : undefined;
}
