import { AppError, type AgentEvent } from '../../contract/index.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Health } from '../health/health.ts';
import type { Store } from '../store/store.ts';
import type { SpaceSession } from './account.ts';
import type { Identity } from './identity.ts';
import { createBackoff, pause } from './backoff.ts';
import { REPORT_OUTLET } from './outlet-places.ts';
import { REPORT_OK, reportsOf, type Report, type ReportContext } from './reports.ts';

export interface ReportOutletOptions {
  readonly session: SpaceSession;
  readonly store: Store;
  readonly health: Health;
  readonly chance: Chance;
  readonly log: Log;
  readonly context: Omit<ReportContext, 'userid' | 'token'>;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
}

export interface ReportOutlet {
  /** Events that have not been looked at yet. */
  pending(): number;
  stop(): Promise<void>;
}

const BATCH = 100;
/** As long as the real agent waits. */
const REPORT_TIMEOUT_MS = 15_000;
/** An answer that is no fault of the network is tried this often before the report is given up, so that one can't block all. */
const MAX_REFUSALS = 10;

/**
 * Delivers the event log to Space's HTTP calls: in order, at least once, from where it stopped, for as long as it
 * takes, and never in the way of a backup.
 */
export function startReportOutlet(options: ReportOutletOptions): ReportOutlet {
  const stopping = new AbortController();
  let wake = new AbortController();
  const poke = () => wake.abort();
  const unsubscribe = options.store.onAppended(poke);
  options.session.onChanged(poke);

  const loop = async () => {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      const worked = await deliverBatch(options, stopping.signal).catch((error: unknown) => {
        // A full disk, say. What was sent but not noted is sent again: Space has it once all the same.
        options.log.error({ err: error }, 'reports to Space were interrupted; trying again');
        return false;
      });
      if (!worked) await pause(IDLE_LOOK_MS, AbortSignal.any([stopping.signal, wake.signal]));
    }
  };
  const running = loop();
  return {
    pending: () => Math.max(options.store.events.newestSeq() - options.store.cursors.get(REPORT_OUTLET), 0),
    async stop() {
      stopping.abort();
      unsubscribe();
      await running;
    },
  };
}

const IDLE_LOOK_MS = 60_000;

/** @returns whether the cursor moved */
async function deliverBatch(options: ReportOutletOptions, stop: AbortSignal): Promise<boolean> {
  const identity = options.session.identity();
  if (!identity) options.health.clear('reports_waiting');
  if (!identity || identity.refused) return false;
  const events = options.store.events.after(options.store.cursors.get(REPORT_OUTLET), BATCH);
  for (const event of events) {
    const context = { ...options.context, userid: identity.userid, token: '' };
    for (const report of reportsOf(event, context)) {
      if (!(await deliver(options, report, { event, identity, stop }))) return false;
    }
    // Signed out or in elsewhere meanwhile: the place is no longer this account's.
    if (!isSameAccount(identity, options.session.identity())) return true;
    options.store.commit(() => options.store.cursors.set(REPORT_OUTLET, event.seq));
  }
  return events.length > 0;
}

const isSameAccount = (one: Identity, other: Identity | undefined): boolean =>
  one.spaceUrl === other?.spaceUrl && one.userid === other.userid;

interface Delivery {
  readonly event: AgentEvent;
  /** Whose report it is. */
  readonly identity: Identity;
  readonly stop: AbortSignal;
}

/** @returns false when it must be tried later, or by nobody (stopping, signed out, signed in elsewhere) */
async function deliver(
  options: ReportOutletOptions,
  report: Report,
  { event, identity, stop }: Delivery,
): Promise<boolean> {
  const backoff = createBackoff({
    baseMs: options.retryBaseMs,
    maxMs: options.retryMaxMs,
    chance: options.chance,
  });
  for (let refusals = 0; !stop.aborted && isSameAccount(identity, options.session.identity());) {
    try {
      await send(options.session, report, stop);
      options.health.clear('reports_waiting');
      return true;
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'failed';
      if (code === 'not_signed_in') return false;
      if (code !== 'unreachable' && ++refusals >= MAX_REFUSALS) return giveUp(options, event, error);
      options.log.warn({ seq: event.seq, path: report.path, code }, 'a report to Space waits');
      tellWaiting(options);
      await pause(backoff.next(error instanceof AppError ? error.retryAfterMs : undefined), stop);
    }
  }
  return false;
}

async function send(session: SpaceSession, report: Report, signal: AbortSignal): Promise<void> {
  const token = session.identity()?.token ?? '';
  const how = { alsoOk: REPORT_OK, signal, timeoutMs: REPORT_TIMEOUT_MS };
  if ('json' in report) {
    await session.call(report.path, {}, { ...how, json: { ...report.json, token } });
    return;
  }
  const form = 'token' in report.form ? { ...report.form, token } : report.form;
  await session.call(report.path, form, how);
}

function tellWaiting(options: ReportOutletOptions): void {
  options.health.raise({
    code: 'reports_waiting',
    level: 'warning',
    message:
      'Olares Space has not yet received all reports of this machine. Backups go on; reports are kept and sent later.',
  });
}

function giveUp(options: ReportOutletOptions, event: AgentEvent, error: unknown): true {
  options.log.error({ seq: event.seq, kind: event.kind, err: error }, 'Space refuses a report for good');
  options.health.raise({
    code: 'report_refused',
    level: 'warning',
    message: 'Olares Space refused a report of this machine; its list may lack a snapshot that exists.',
    hint: 'the snapshots on this machine are right: olares-backup snapshot list',
  });
  return true;
}
