/**
 * The schema's history, oldest first. A released entry is never edited: a change is a new entry. Times are UTC
 * milliseconds; JSON columns are written and read by the part that owns their meaning.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;

  CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    state TEXT NOT NULL,
    paths TEXT NOT NULL,
    excludes TEXT NOT NULL,
    schedule TEXT NOT NULL,
    zone TEXT NOT NULL,
    location TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    repository_id TEXT,
    repository_address TEXT,
    keys TEXT NOT NULL DEFAULT '[]',
    capsule TEXT,
    last_due_at INTEGER,
    next_due_at INTEGER,
    needs_repair INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    plan_id TEXT,
    plan_name TEXT,
    request_id TEXT,
    lane TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL,
    params TEXT NOT NULL,
    result TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    not_before_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state, due_at);
  CREATE INDEX jobs_by_plan ON jobs (plan_id, created_at);
  -- A second start of the same plan is the same job.
  CREATE UNIQUE INDEX one_active_backup ON jobs (plan_id)
    WHERE kind = 'backup' AND state IN ('queued', 'waiting', 'running', 'cancelling', 'interrupted');

  CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    restic_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    job_id TEXT,
    taken_at INTEGER NOT NULL,
    paths TEXT NOT NULL,
    files_total INTEGER,
    bytes_total INTEGER,
    added_bytes INTEGER,
    incomplete INTEGER NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (plan_id, restic_id)
  ) STRICT;
  CREATE INDEX snapshots_by_time ON snapshots (plan_id, taken_at);

  CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    plan_id TEXT,
    plan_name TEXT,
    snapshot_id TEXT NOT NULL,
    taken_at INTEGER,
    files_total INTEGER,
    bytes_total INTEGER,
    newer_snapshots INTEGER,
    backup_url TEXT,
    note TEXT,
    command_id TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    choice TEXT,
    reason TEXT,
    job_id TEXT,
    error TEXT
  ) STRICT;
  CREATE UNIQUE INDEX one_open_code ON requests (code)
    WHERE state IN ('proposed', 'opened', 'verified', 'restoring', 'placing');

  CREATE TABLE commands (
    command_id TEXT PRIMARY KEY,
    device_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    request_code TEXT,
    UNIQUE (device_id, seq)
  ) STRICT;

  -- How far each outlet has delivered the event log.
  CREATE TABLE cursors (
    outlet TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
  ) STRICT;

  -- Small values of single parts, as JSON, one owner per key.
  CREATE TABLE facts (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE requests ADD COLUMN undo_path TEXT;
  ALTER TABLE requests ADD COLUMN undo_until INTEGER;
  `,
  `
  ALTER TABLE requests ADD COLUMN location TEXT;
  `,
  `
  ALTER TABLE plans ADD COLUMN limits TEXT;
  `,
  `
  ALTER TABLE commands ADD COLUMN reason TEXT;
  CREATE INDEX waiting_commands ON commands (received_at) WHERE status = 'waiting';
  `,
  `
  ALTER TABLE requests ADD COLUMN preview TEXT;
  ALTER TABLE requests ADD COLUMN aside_path TEXT;
  `,
  `
  ALTER TABLE plans ADD COLUMN quota_policy TEXT;
  `,
];

/** Marks a database as ours: "OlBk". */
export const APPLICATION_ID = 0x4f6c426b;
