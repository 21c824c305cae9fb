import {
  AppError,
  type Plan,
  type RouteInput,
  type RouteName,
  type RouteResponse,
  type Routes,
} from '../../contract/index.ts';
import type { ApiPorts } from './ports.ts';
import type { Sessions } from './sessions.ts';

/** What a handler may know of the caller beside the route's own input. */
export interface Caller {
  readonly isPage: boolean;
  readonly sessionToken: string | undefined;
  setSession(token: string | undefined): void;
}

type Input<N extends RouteName> = Required<RouteInput<Routes[N]>>;
export type Handlers = {
  [N in RouteName]: (
    input: Input<N>,
    caller: Caller,
  ) => RouteResponse<Routes[N]> | Promise<RouteResponse<Routes[N]>>;
};

export interface HandlerOptions {
  readonly ports: ApiPorts;
  readonly sessions: Sessions;
  /** Where the page is, or undefined when it is off. */
  readonly pageUrl: () => string | undefined;
}

/** Of files, or of commands, in one answer. */
const DEFAULT_LIMIT = 100;

export function createHandlers({ ports, sessions, pageUrl }: HandlerOptions): Handlers {
  const { plans, repositories, jobs, requests } = ports;
  const optionalPlan = (nameOrId: string | undefined) =>
    nameOrId === undefined ? undefined : plans.get(nameOrId);
  return {
    getStatus: () => ports.status(),
    listPlans: () => plans.list(),
    getPlan: ({ params }) => plans.get(params.plan),
    createPlan: ({ body }) => plans.create(body),
    testNewPlan: ({ body: { plan, adopt = false, connect = true } }) => {
      const draft = plans.draft(plan);
      return connect ? repositories.test(draft, { adopt }) : { steps: [] };
    },
    testPlan: ({ params }) => repositories.test(plans.get(params.plan)),
    changePlan: ({ params, body }) => plans.change(params.plan, body),
    removePlan: ({ params }) => plans.remove(params.plan),
    pausePlan: ({ params }) => plans.pause(params.plan),
    resumePlan: ({ params }) => plans.resume(params.plan),
    armPlan: ({ params, body }) => repositories.arm(plans.get(params.plan), body),
    backupPlan: ({ params, query }) => jobs.backup(plans.get(params.plan), 'user', query),
    checkPlan: ({ params }) => jobs.check(plans.get(params.plan), 'user'),
    listKeys: ({ params }) => repositories.keys(plans.get(params.plan)),
    changeKey: ({ params, body }) => repositories.changeKey(plans.get(params.plan), body.action),
    removeKey: ({ params }) => repositories.removeKey(plans.get(params.plan), params.key),
    ...recoveryHandlers(ports),
    ...snapshotHandlers(ports, optionalPlan),
    listJobs: ({ query }) => {
      const { plan, ...filter } = query;
      const planId = optionalPlan(plan)?.id;
      return jobs.list({ ...filter, ...(planId === undefined ? {} : { planId }) });
    },
    getJob: ({ params }) => found(jobs.find(params.job), params.job),
    cancelJob: ({ params }) => jobs.cancel(params.job),
    listSpaceCommands: ({ query }) =>
      ports.asked({ limit: query.limit ?? DEFAULT_LIMIT, after: query.after ?? 0 }),
    answerSpaceCommand: ({ params, body }) => ports.answer(params.command, body),
    listRequests: ({ query }) => requests.list(query.all ?? false),
    getRequest: ({ params }) => requests.get(params.request),
    createRequest: ({ body }, caller) => requests.create(body, caller.isPage ? 'page' : 'user'),
    openRequest: ({ params }) => requests.open(params.request),
    previewRequest: ({ params, body }) => requests.preview(params.request, body),
    verifyRequest: ({ params, body }) => requests.verify(params.request, body),
    undoRequest: ({ params }) => requests.undo(params.request),
    declineRequest: ({ params, body }) => requests.decline(params.request, body.reason),
    getUsage: ({ query }) => ports.usage.get(query.refresh ?? false),
    login: ({ body }) => ports.account.login(body),
    logout: async () => {
      await ports.account.logout();
      return null;
    },
    listRegions: () => ports.regions(),
    getConfig: () => ports.config(),
    listHealth: () => ports.health.list(),
    runDoctor: () => repositories.doctor(),
    ...sessionHandlers(sessions, pageUrl),
  };
}

type RecoveryRoutes = 'createLook' | 'getLook' | 'adoptLook' | 'provePassword';

function recoveryHandlers({ recovery, plans }: ApiPorts): Pick<Handlers, RecoveryRoutes> {
  return {
    createLook: ({ body }) => recovery.look(body),
    getLook: ({ params }) => recovery.looked(params.look),
    adoptLook: ({ params, body }) => recovery.adopt(params.look, body),
    provePassword: ({ params }) => recovery.prove(plans.get(params.plan)),
  };
}

type SnapshotRoutes = 'listSnapshots' | 'getSnapshot' | 'listEntries' | 'findFiles' | 'diffSnapshots';

function snapshotHandlers(
  { repositories, index }: ApiPorts,
  optionalPlan: (nameOrId: string | undefined) => Plan | undefined,
): Pick<Handlers, SnapshotRoutes> {
  return {
    listSnapshots: ({ query }) => repositories.snapshots(optionalPlan(query.plan), query.refresh ?? false),
    getSnapshot: ({ params }) => repositories.snapshot(params.snapshot),
    listEntries: async ({ params, query }) =>
      index.entries(await repositories.snapshot(params.snapshot), query.path ?? '/'),
    findFiles: ({ query }) =>
      index.find({
        pattern: query.pattern,
        plan: optionalPlan(query.plan),
        limit: query.limit ?? DEFAULT_LIMIT,
        wait: query.wait ?? false,
      }),
    diffSnapshots: async ({ query }) =>
      index.diff({
        a: await repositories.snapshot(query.a),
        b: await repositories.snapshot(query.b),
        limit: query.limit ?? DEFAULT_LIMIT,
        after: query.after ?? 0,
      }),
  };
}

type SessionRoutes = 'createSessionCode' | 'createSession' | 'removeSession';

function sessionHandlers(
  sessions: Sessions,
  pageUrl: () => string | undefined,
): Pick<Handlers, SessionRoutes> {
  return {
    createSessionCode: () => {
      const base = pageUrl();
      if (base === undefined)
        throw new AppError('refused', 'the page is switched off', {
          hint: 'start the daemon with --http 127.0.0.1:8640',
        });
      const { code, expiresAt } = sessions.createCode();
      return { url: `${base}/#code=${code}`, expiresAt };
    },
    createSession: ({ body }, caller) => {
      caller.setSession(sessions.open(body.code));
      return null;
    },
    removeSession: (_input, caller) => {
      sessions.close(caller.sessionToken);
      caller.setSession(undefined);
      return null;
    },
  };
}

function found<T>(value: T | undefined, id: string): T {
  if (value !== undefined) return value;
  throw new AppError('not_found', `there is no job "${id}"`, { hint: 'olares-backup job list' });
}
