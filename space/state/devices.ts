import { newUuid, type Clock, type Random } from '../ids.ts';
import type { Db } from './database.ts';

export interface Device {
  readonly id: string;
  readonly accountId: string;
  /** Raw Ed25519 key, base64. */
  readonly publicKey: string;
  readonly machine: string;
  readonly agentVersion: string;
  /** Ids of the command-signing keys it knows. */
  readonly pinnedKeys: readonly string[];
  readonly ackedSeq: number;
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewDevice {
  readonly accountId: string;
  readonly publicKey: string;
  readonly machine: string;
  readonly agentVersion: string;
  readonly pinnedKeys: readonly string[];
}

const COLUMNS = `id, account_id AS accountId, public_key AS publicKey, machine, agent_version AS agentVersion,
  pinned_keys AS pinnedKeys, acked_seq AS ackedSeq, created_at AS createdAt, last_seen_at AS lastSeenAt,
  revoked_at AS revokedAt`;

export class Devices {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { db: Db; clock: Clock; random: Random }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  add(device: NewDevice): string {
    const id = newUuid(this.#random);
    this.#db
      .prepare(
        `INSERT INTO devices (id, account_id, public_key, machine, agent_version, pinned_keys, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        device.accountId,
        device.publicKey,
        device.machine,
        device.agentVersion,
        JSON.stringify(device.pinnedKeys),
        this.#clock(),
      );
    return id;
  }

  byId(id: string): Device | undefined {
    const row = this.#db.prepare(`SELECT ${COLUMNS} FROM devices WHERE id = ?`).get(id);
    return row === undefined ? undefined : toDevice(row);
  }

  list(accountId?: string): Device[] {
    const where = accountId === undefined ? '' : 'WHERE account_id = ?';
    const query = this.#db.prepare(`SELECT ${COLUMNS} FROM devices ${where} ORDER BY created_at, id`);
    return (accountId === undefined ? query.all() : query.all(accountId)).map(toDevice);
  }

  seen(id: string, agentVersion?: string): void {
    this.#db
      .prepare('UPDATE devices SET last_seen_at = ?, agent_version = coalesce(?, agent_version) WHERE id = ?')
      .run(this.#clock(), agentVersion ?? null, id);
  }

  /** Ends its link, its tokens and the renewal of its storage credentials, for ever. */
  revoke(id: string): void {
    this.#db.transaction(() => {
      this.#db
        .prepare('UPDATE devices SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?')
        .run(this.#clock(), id);
      this.#db.prepare('DELETE FROM tokens WHERE device_id = ?').run(id);
    })();
  }
}

const toDevice = (row: unknown): Device => {
  const device = row as Omit<Device, 'pinnedKeys'> & { pinnedKeys: string };
  return { ...device, pinnedKeys: JSON.parse(device.pinnedKeys) as string[] };
};
