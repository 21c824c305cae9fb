import type {
  HelperRequest,
  HelperRequestOf,
  HelperResultOf,
  HelperVerb,
} from '../contract/helper-messages.ts';
import type { Session } from './session.ts';

type Handlers = {
  readonly [V in HelperVerb]: (request: HelperRequestOf<V>, session: Session) => Promise<HelperResultOf<V>>;
};

/** Each verb's code is loaded when it is asked for: a start of the helper counts in every job. */
const HANDLERS: Handlers = {
  version: async (_request, session) => (await import('./engine/version.ts')).version(session),
  arm: async (request, session) => (await import('./engine/arm.ts')).arm(request, session),
  look: async (request, session) => (await import('./engine/look.ts')).look(request, session),
  backup: async (request, session) => (await import('./engine/backup.ts')).backup(request, session),
  measure: async (request, session) => (await import('./measure/measure.ts')).measure(request, session),
  snapshots: async (request, session) => (await import('./engine/snapshots.ts')).snapshots(request, session),
  ls: async (request, session) => (await import('./engine/ls.ts')).ls(request, session),
  'ls-all': async (request, session) => (await import('./engine/ls-all.ts')).lsAll(request, session),
  stats: async (request, session) => (await import('./engine/stats.ts')).stats(request, session),
  check: async (request, session) => (await import('./engine/check.ts')).check(request, session),
  unlock: async (request, session) => (await import('./engine/unlock.ts')).runUnlock(request, session),
  'repair-index': async (request, session) =>
    (await import('./engine/repair-index.ts')).runRepairIndex(request, session),
  'key-list': async (request, session) => (await import('./engine/keys.ts')).keyListing(request, session),
  'key-replace': async (request, session) =>
    (await import('./engine/key-replace.ts')).keyReplace(request, session),
  'key-remove': async (request, session) => (await import('./engine/keys.ts')).keyRemove(request, session),
  'cat-config': async (request, session) =>
    (await import('./engine/cat-config.ts')).catConfig(request, session),
  probe: async (request, session) => (await import('./probe/probe.ts')).probe(request, session),
  keycheck: async (request, session) => (await import('./keycheck/keycheck.ts')).keycheck(request, session),
  'restore-preview': async (request, session) =>
    (await import('./restore/preview.ts')).preview(request, session),
  restore: async (request, session) => (await import('./restore/restore.ts')).restore(request, session),
  'restore-undo': async (request, session) => (await import('./restore/undo.ts')).undo(request, session),
  'restore-forget': async (request, session) =>
    (await import('./restore/forget.ts')).forget(request, session),
  'restore-recover': async (_request, session) =>
    (await import('./restore/recover-placing.ts')).recoverPlacing(session),
  'restore-staged': async (request, session) =>
    (await import('./restore/staged.ts')).staged(request, session),
};

/** What every verb of the engine needs, while the request is still to come. */
export const preload = async (): Promise<void> => void (await import('./engine/backup.ts'));

export function handle<V extends HelperVerb>(
  request: HelperRequestOf<V> & HelperRequest,
  session: Session,
): Promise<unknown> {
  const handler = HANDLERS[request.verb as V] as Handlers[V];
  return handler(request, session);
}
