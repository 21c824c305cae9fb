import {
  CommandPayload,
  MAX_COMMAND_LIFE_MS,
  type CommandKind,
  type ResultFrame,
} from '../../contract/space/protocol.ts';
import type { Static } from 'typebox';
import { AppError } from '../../contract/errors.ts';
import { parser } from '../../contract/schema.ts';
import { newUuid, type Clock, type Random } from '../ids.ts';
import type { Db } from './database.ts';

/** queued: not yet on a wire. sent: on a wire, no answer yet. The others are the device's own words. */
export type CommandStatus = 'queued' | 'sent' | Static<typeof ResultFrame>['status'];

export interface Command {
  readonly id: string;
  readonly deviceId: string;
  readonly seq: number;
  readonly kind: CommandKind;
  /** The JSON text that is signed and sent. */
  readonly payload: string;
  readonly askedBy: string;
  readonly status: CommandStatus;
  readonly code: string | null;
  readonly requestCode: string | null;
  readonly reason: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly updatedAt: number;
}

export interface NewCommand {
  readonly deviceId: string;
  readonly kind: CommandKind;
  readonly params: unknown;
  readonly askedBy: string;
  /** Milliseconds; at most, and without it, 24 hours. */
  readonly lifeMs?: number;
}

const COLUMNS = `id, device_id AS deviceId, seq, kind, payload, asked_by AS askedBy, status, code,
  request_code AS requestCode, reason, issued_at AS issuedAt, expires_at AS expiresAt, updated_at AS updatedAt`;
/** More than this unanswered means that nobody is there; the next one is refused. */
const MAX_UNANSWERED = 200;
const KEPT = 1000;
const FINAL: ReadonlySet<string> = new Set(['done', 'refused', 'failed', 'expired']);
const payloadParser = parser(CommandPayload);

/** What Space asked of devices, in order per device; kept until answered, over restarts. */
export class Commands {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { db: Db; clock: Clock; random: Random }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /**
   * Stored before it is sent.
   * @throws AppError `invalid_input` for parameters outside the closed list, `try_later` when too many wait
   */
  add(command: NewCommand): Command {
    const { deviceId, kind, params, askedBy } = command;
    const issuedAt = this.#clock();
    const expiresAt = issuedAt + Math.min(command.lifeMs ?? MAX_COMMAND_LIFE_MS, MAX_COMMAND_LIFE_MS);
    return this.#db
      .transaction(() => {
        if (this.unanswered(deviceId).length >= MAX_UNANSWERED) {
          throw new AppError('try_later', `${MAX_UNANSWERED} commands wait for this machine already`);
        }
        const seq = this.#nextSeq(deviceId);
        const id = newUuid(this.#random);
        const payload = { commandId: id, deviceId, seq, kind, issuedAt, expiresAt, params };
        const text = JSON.stringify(payloadParser.parse(payload, 'command'));
        this.#db
          .prepare('INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, NULL)')
          .run(id, deviceId, seq, kind, text, askedBy, 'queued', issuedAt, expiresAt, issuedAt);
        this.#prune(deviceId);
        return this.byId(id) as Command;
      })
      .immediate();
  }

  byId(id: string): Command | undefined {
    return this.#db.prepare(`SELECT ${COLUMNS} FROM commands WHERE id = ?`).get(id) as Command | undefined;
  }

  /** To be sent (again) in this order; what is too old becomes `expired` here. */
  unanswered(deviceId: string): Command[] {
    const now = this.#clock();
    this.#db
      .prepare(
        `UPDATE commands SET status = 'expired', updated_at = ?
         WHERE device_id = ? AND status IN ('queued', 'sent') AND expires_at <= ?`,
      )
      .run(now, deviceId, now);
    return this.#db
      .prepare(
        `SELECT ${COLUMNS} FROM commands WHERE device_id = ? AND status IN ('queued', 'sent') ORDER BY seq`,
      )
      .all(deviceId) as Command[];
  }

  markSent(id: string): void {
    this.#db
      .prepare(`UPDATE commands SET status = 'sent', updated_at = ? WHERE id = ? AND status = 'queued'`)
      .run(this.#clock(), id);
  }

  /** False for a command that is not this device's. A final answer is never taken back. */
  answer(deviceId: string, result: Static<typeof ResultFrame>): boolean {
    const command = this.byId(result.commandId);
    if (command?.deviceId !== deviceId) return false;
    if (FINAL.has(command.status) && !FINAL.has(result.status)) return true;
    this.#db
      .prepare(
        `UPDATE commands SET status = ?, code = ?, request_code = coalesce(?, request_code), reason = ?,
         updated_at = ?
         WHERE id = ?`,
      )
      .run(
        result.status,
        result.code ?? null,
        result.requestCode ?? null,
        result.reason ?? null,
        this.#clock(),
        command.id,
      );
    return true;
  }

  recent(deviceId: string, limit: number): Command[] {
    return this.#db
      .prepare(`SELECT ${COLUMNS} FROM commands WHERE device_id = ? ORDER BY seq DESC LIMIT ?`)
      .all(deviceId, limit) as Command[];
  }

  #nextSeq(deviceId: string): number {
    return this.#db
      .prepare('UPDATE devices SET command_seq = command_seq + 1 WHERE id = ? RETURNING command_seq')
      .pluck()
      .get(deviceId) as number;
  }

  #prune(deviceId: string): void {
    this.#db
      .prepare(
        `DELETE FROM commands WHERE device_id = ? AND status NOT IN ('queued', 'sent')
         AND seq <= (SELECT command_seq FROM devices WHERE id = ?) - ?`,
      )
      .run(deviceId, deviceId, KEPT);
  }
}
