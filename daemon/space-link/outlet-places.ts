import * as Type from 'typebox';
import { parser } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';
import type { SpaceSession } from './account.ts';
import type { Identity } from './identity.ts';

/** Names of the places in the event log up to which Space was told, by HTTP and by WebSocket. */
export const REPORT_OUTLET = 'space-http';
export const SPACE_OUTLET = 'space-ws';

const FACT = 'space.account';
const lastAccount = parser(
  Type.Object({
    spaceUrl: Type.String(),
    userid: Type.String(),
    /** Events up to here are of the time before this account, and none of its business. */
    sinceSeq: Type.Integer({ minimum: 0 }),
    /** How far its reports were when it was signed out. */
    reportedSeq: Type.Integer({ minimum: 0 }),
  }),
);
type Places = Pick<Store, 'commit' | 'cursors' | 'events' | 'facts'>;

/**
 * Outlets whose place in the log is remembered are waited for when old events are removed. A Space that was joined
 * without pairing has no WebSocket, and nobody signed in has no Space: waiting would keep every event for ever.
 */
export function keepPlaces(store: Places, session: SpaceSession): void {
  const remember = (): void =>
    store.commit(() => {
      const identity = session.identity();
      settleReports(store, identity);
      if (identity?.device) store.cursors.set(SPACE_OUTLET, Math.max(ofSpace(store), sinceSeq(store)));
      else store.cursors.remove(SPACE_OUTLET);
    });
  remember();
  session.onChanged(remember);
}

const ofSpace = (store: Places): number => store.cursors.get(SPACE_OUTLET);

/** The event after which the account that is signed in begins. */
export function sinceSeq(store: Pick<Store, 'facts'>): number {
  const fact = store.facts.get(FACT);
  return lastAccount.check(fact) ? fact.sinceSeq : 0;
}

function settleReports(store: Places, identity: Identity | undefined): void {
  const fact = store.facts.get(FACT);
  const last = lastAccount.check(fact) ? fact : undefined;
  const reportedSeq = Math.max(store.cursors.get(REPORT_OUTLET), last?.reportedSeq ?? 0);
  if (!identity) {
    if (last) store.facts.set(FACT, { ...last, reportedSeq });
    store.cursors.remove(REPORT_OUTLET);
    return;
  }
  const places = isOther(last, identity)
    ? { sinceSeq: store.events.newestSeq(), reportedSeq: store.events.newestSeq() }
    : { sinceSeq: last?.sinceSeq ?? 0, reportedSeq };
  store.facts.set(FACT, { spaceUrl: identity.spaceUrl, userid: identity.userid, ...places });
  store.cursors.set(REPORT_OUTLET, places.reportedSeq);
}

const isOther = (
  last: { readonly spaceUrl: string; readonly userid: string } | undefined,
  { spaceUrl, userid }: Identity,
): boolean => last !== undefined && (last.spaceUrl !== spaceUrl || last.userid !== userid);
