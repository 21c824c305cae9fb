import { join } from 'node:path';
import { systemClock } from '../../daemon/base/clock.ts';
import { systemChance } from '../../daemon/base/ids.ts';
import { silentLog } from '../../daemon/base/log.ts';
import { createHealth } from '../../daemon/health/create-health.ts';
import type { CommandEffects } from '../../daemon/space-link/commands.ts';
import { createSpacePart, type SpacePart } from '../../daemon/space-link/space-link.ts';
import { openStore } from '../../daemon/store/open-store.ts';
import type { RequestRow } from '../../daemon/store/request-table.ts';
import type { Store } from '../../daemon/store/store.ts';
import type { Health } from '../../daemon/health/health.ts';
import type { Plan, Progress } from '../../contract/index.ts';

export interface TestAgent extends AsyncDisposable {
  readonly part: SpacePart;
  readonly store: Store;
  readonly health: Health;
  /** Names and arguments of the effects that commands had. */
  readonly effects: unknown[][];
  readonly plans: Map<string, Plan>;
  tellProgress(progress: Progress): void;
}

/** The part of the daemon that talks to Space, on a real store, with effects that are only noted down. */
export function startTestAgent(
  dir: string,
  remote: Partial<Record<'backup' | 'restore' | 'plan', 'allow' | 'ask' | 'never'>> = {},
  pace: {
    readonly pingEveryMs?: number;
    readonly pongWithinMs?: number;
    readonly reconnectBaseMs?: number;
    readonly reconnectMaxMs?: number;
  } = {},
): TestAgent {
  const store = openStore({ path: join(dir, 'agent.db'), clock: systemClock, log: silentLog });
  const health = createHealth({ store, clock: systemClock });
  const part = createSpacePart({
    identityPath: join(dir, 'secrets', 'space.json'),
    store,
    health,
    clock: systemClock,
    chance: systemChance,
    log: silentLog,
    version: '1.0.0',
    machineName: 'test machine',
    remote: { backup: 'allow', restore: 'ask', plan: 'allow', ...remote },
    reconnectBaseMs: 20,
    reconnectMaxMs: 100,
    ...pace,
  });
  const effects: unknown[][] = [];
  const plans = new Map<string, Plan>();
  const listeners = new Set<(progress: Progress) => void>();
  const running = part.start({
    effects: notedEffects(effects),
    findPlan: (id) => plans.get(id),
    onProgress: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return {
    part,
    store,
    health,
    effects,
    plans,
    tellProgress: (progress) => listeners.forEach((listener) => listener(progress)),
    async [Symbol.asyncDispose]() {
      await running.stop();
      store.close();
    },
  };
}

function notedEffects(effects: unknown[][]): CommandEffects {
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void effects.push([name, ...args]);
  return {
    backupNow: note('backupNow'),
    cancelJob: note('cancelJob'),
    pausePlan: note('pausePlan'),
    resumePlan: note('resumePlan'),
    cancelRestore: note('cancelRestore'),
    reportStatus: note('reportStatus'),
    proposeRestore: (input) => {
      effects.push(['proposeRestore', input]);
      return { code: '7F3K' };
    },
  };
}

/** A request that Space proposed, as it is when it has ended, with its event. */
export function endRequest(
  { store }: TestAgent,
  end: Pick<RequestRow, 'id' | 'code' | 'state' | 'commandId'> & Partial<RequestRow>,
): void {
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 1000 };
  const about = { snapshotId: 'ab'.repeat(32), origin: 'space', ...times } as const;
  const row: RequestRow = { ...NO_REQUEST, ...about, ...end };
  store.commit((append) => {
    store.requests.insert(row);
    const { id, code, state, reason, error } = row;
    const told = { ...(reason !== null && { reason }), ...(error !== null && { error }) };
    append('request.state', { request: { id, code, state, ...about, ...told } });
  });
}

const NO_REQUEST = {
  planId: null,
  planName: null,
  takenAt: null,
  filesTotal: null,
  bytesTotal: null,
  newerSnapshots: null,
  backupUrl: null,
  location: null,
  note: null,
  choice: null,
  reason: null,
  jobId: null,
  error: null,
  undoPath: null,
  undoUntil: null,
  preview: null,
  asidePath: null,
};

export const PLAN: Plan = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'photos',
  paths: ['/srv/very private photos'],
  excludes: [],
  schedule: { kind: 'manual' },
  zone: 'UTC',
  location: { kind: 'space' },
  state: 'armed',
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  keys: [],
  snapshotCount: 1,
  storedBytes: 777,
};
