import type { EventFrame } from '../../contract/space/protocol.ts';
import type { Static } from 'typebox';
import type { Clock } from '../ids.ts';
import type { Db } from './database.ts';

type Event = Static<typeof EventFrame>;

/**
 * The newest state of one thing as its device told it, without what is nested in it. The body is outside data: every
 * field may be missing or wrong.
 */
export interface Mirrored {
  readonly item: string;
  readonly seq: number;
  readonly at: number;
  readonly body: Record<string, unknown>;
}

export type MirrorKind = 'plan' | 'job' | 'request' | 'snapshot' | 'usage' | 'health';

/** Where the mirrored thing sits in an event's body, and which field names it. */
const MIRRORED: Readonly<Record<string, { kind: MirrorKind; field: string; id: string }>> = {
  'plan.changed': { kind: 'plan', field: 'plan', id: 'id' },
  'job.state': { kind: 'job', field: 'job', id: 'id' },
  'request.state': { kind: 'request', field: 'request', id: 'id' },
  'snapshot.recorded': { kind: 'snapshot', field: 'snapshot', id: 'id' },
  'snapshot.missing': { kind: 'snapshot', field: 'snapshot', id: 'id' },
  'health.raised': { kind: 'health', field: 'condition', id: 'code' },
};
const KEPT_EVENTS = 2_000;
const KEPT_ITEMS = 200;
const MAX_FIELDS = 40;
const MAX_TEXT = 500;

export class Events {
  readonly #db: Db;
  readonly #clock: Clock;

  constructor(options: { db: Db; clock: Clock }) {
    this.#db = options.db;
    this.#clock = options.clock;
  }

  /**
   * Stores what is newer than what this device told before; answers whether it was.
   * When it returns the event is durable, so that it may be acknowledged.
   */
  record(deviceId: string, event: Event): boolean {
    return this.#db.transaction(() => {
      const acked = this.#db.prepare('SELECT acked_seq FROM devices WHERE id = ?').pluck().get(deviceId);
      if (event.seq <= Number(acked)) return false;
      this.#db
        .prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)')
        .run(deviceId, event.seq, event.at, event.kind, JSON.stringify(event.body), this.#clock());
      this.#db.prepare('UPDATE devices SET acked_seq = ? WHERE id = ?').run(event.seq, deviceId);
      this.#mirror(deviceId, event);
      this.#prune(deviceId);
      return true;
    })();
  }

  /** What was received, in order; the newest 2,000 are kept. */
  list(deviceId: string, kind?: string): { seq: number; at: number; kind: string; body: unknown }[] {
    const rows = this.#db
      .prepare(
        'SELECT seq, at, kind, body FROM events WHERE device_id = ? AND kind = coalesce(?, kind) ORDER BY seq',
      )
      .all(deviceId, kind ?? null) as { seq: number; at: number; kind: string; body: string }[];
    return rows.map((row) => ({ ...row, body: JSON.parse(row.body) as unknown }));
  }

  mirrored(deviceId: string, kind: MirrorKind): Mirrored[] {
    const rows = this.#db
      .prepare('SELECT item, seq, at, body FROM mirror WHERE device_id = ? AND kind = ? ORDER BY seq DESC')
      .all(deviceId, kind) as { item: string; seq: number; at: number; body: string }[];
    return rows.map((row) => ({ ...row, body: JSON.parse(row.body) as Record<string, unknown> }));
  }

  #mirror(deviceId: string, event: Event): void {
    this.#forget(deviceId, event);
    const rule = Object.hasOwn(MIRRORED, event.kind) ? MIRRORED[event.kind] : undefined;
    const state = rule && asObject(event.body[rule.field]);
    const item = rule && state?.[rule.id];
    if (!rule || !state || typeof item !== 'string' || item.length > 100) return;
    this.#db
      .prepare('INSERT OR REPLACE INTO mirror VALUES (?, ?, ?, ?, ?, ?)')
      .run(deviceId, rule.kind, item, event.seq, event.at, JSON.stringify(scalarsOf(state)));
  }

  #forget(deviceId: string, { kind, body }: Event): void {
    const remove = this.#db.prepare('DELETE FROM mirror WHERE device_id = ? AND kind = ? AND item = ?');
    if (kind === 'plan.removed' && typeof body['planId'] === 'string')
      remove.run(deviceId, 'plan', body['planId']);
    if (kind === 'health.cleared' && typeof body['code'] === 'string')
      remove.run(deviceId, 'health', body['code']);
  }

  #prune(deviceId: string): void {
    this.#db
      .prepare(
        `DELETE FROM events WHERE device_id = ? AND seq <
         (SELECT seq FROM events WHERE device_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      )
      .run(deviceId, deviceId, KEPT_EVENTS - 1);
    for (const kind of ['plan', 'job', 'request', 'snapshot', 'health']) {
      this.#db
        .prepare(
          `DELETE FROM mirror WHERE device_id = ? AND kind = ? AND seq <
           (SELECT seq FROM mirror WHERE device_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
        )
        .run(deviceId, kind, deviceId, kind, KEPT_ITEMS - 1);
    }
  }
}

/** Bounds what one look at all devices can cost. */
function scalarsOf(state: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(state).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value === 'string') return [[name, value.slice(0, MAX_TEXT)]];
    return typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [];
  });
  return Object.fromEntries(kept.slice(0, MAX_FIELDS));
}

export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
