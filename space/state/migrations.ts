/** Numbered by position; a published one never changes. All times are milliseconds since 1970 UTC. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    olares_name TEXT NOT NULL UNIQUE,
    userid TEXT NOT NULL UNIQUE,
    cluster_id TEXT NOT NULL,
    quota_bytes INTEGER NOT NULL,
    plan_level INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  -- Storage prefixes of an account: one for each cluster id that asked for credentials.
  CREATE TABLE prefixes (
    account_id TEXT NOT NULL REFERENCES accounts(id),
    suffix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, suffix)
  ) STRICT;

  CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts(id),
    public_key TEXT NOT NULL,
    machine TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    pinned_keys TEXT NOT NULL,
    acked_seq INTEGER NOT NULL DEFAULT 0,
    command_seq INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE tokens (
    hash BLOB PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts(id),
    device_id TEXT REFERENCES devices(id),
    expires_at INTEGER NOT NULL
  ) STRICT;

  -- Which device holds which storage credentials, so that a revoked device cannot renew them.
  CREATE TABLE storage_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    device_id TEXT,
    issued_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE pairing_codes (
    selector TEXT PRIMARY KEY,
    hash BLOB NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts(id),
    wrong_tries INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT;

  CREATE TABLE command_keys (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    private_pem TEXT NOT NULL
  ) STRICT;

  CREATE TABLE commands (
    id TEXT PRIMARY KEY,
    device_id TEXT NOT NULL REFERENCES devices(id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    request_code TEXT,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (device_id, seq)
  ) STRICT;

  CREATE TABLE events (
    device_id TEXT NOT NULL REFERENCES devices(id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (device_id, seq)
  ) STRICT;

  -- The newest state a device told of each of its plans, jobs, requests and so on.
  CREATE TABLE mirror (
    device_id TEXT NOT NULL REFERENCES devices(id),
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (device_id, kind, item)
  ) STRICT;
  CREATE INDEX mirror_by_seq ON mirror (device_id, kind, seq);

  CREATE TABLE backups (
    account_id TEXT NOT NULL REFERENCES accounts(id),
    backup_id TEXT NOT NULL,
    device_id TEXT,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    path TEXT NOT NULL,
    location TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    stopped_at INTEGER,
    PRIMARY KEY (account_id, backup_id)
  ) STRICT;

  CREATE TABLE snapshots (
    account_id TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    backup_id TEXT NOT NULL,
    restic_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    type TEXT NOT NULL,
    url TEXT NOT NULL,
    message TEXT NOT NULL,
    content BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, snapshot_id),
    FOREIGN KEY (account_id, backup_id) REFERENCES backups (account_id, backup_id)
  ) STRICT;
  CREATE INDEX snapshots_of_backup ON snapshots (account_id, backup_id, taken_at);

  -- Every report as it came in, also the repeated ones.
  CREATE TABLE receipts (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    call TEXT NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    code INTEGER NOT NULL
  ) STRICT;

  -- Console: one-time login codes and sessions, by hash.
  CREATE TABLE console_access (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- What an account may store beyond its quota, at a price.
  ALTER TABLE accounts ADD COLUMN overage_bytes INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- In the words of the person who declined it.
  ALTER TABLE commands ADD COLUMN reason TEXT;
  `,
];
