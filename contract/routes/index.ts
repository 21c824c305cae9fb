import { Type, type Static } from 'typebox';
import { Job, JOB_STATES } from '../model/job.ts';
import { NewPlan, Plan, PlanChange, PlanKey } from '../model/plan.ts';
import { NewRestoreRequest, RestoreChoice, RestorePreview, RestoreRequest } from '../model/request.ts';
import { Snapshot, SnapshotEntry } from '../model/snapshot.ts';
import { Account, DoctorCheck, HealthCondition, Status, Usage } from '../model/status.ts';
import { closed, Count, EpochMs, ResticId } from '../schema.ts';
import { route } from './route.ts';

/** A plan is addressed by name or id, a request by code or id, a job by id. */
const byPlan = closed({ plan: Type.String({ minLength: 1, maxLength: 100 }) });
const byRequest = closed({ request: Type.String({ minLength: 4, maxLength: 36 }) });
const byJob = closed({ job: Type.String({ minLength: 4, maxLength: 36 }) });
const bySnapshot = closed({ snapshot: Type.String({ minLength: 4, maxLength: 64 }) });
const nothing = Type.Null();

/**
 * Where to hand a secret: a unix socket (0600) of a helper that waits for it, so that it never passes through the
 * daemon. The sender writes `SecretMessage` as one line of JSON, and reads one line, `SecretVerdict`, back.
 */
export const SecretChannel = Type.Object({
  socketPath: Type.String(),
  expiresAt: EpochMs,
  /** Wrong passwords that may still be typed before there is a wait. */
  triesLeft: Type.Optional(Count),
});
export type SecretChannel = Static<typeof SecretChannel>;

const ArmRequest = closed({
  /** create: a new repository. adopt: an existing one, opened with the typed password. */
  mode: Type.Union([Type.Literal('create'), Type.Literal('adopt')]),
  /** Whether a recovery key comes along. */
  recovery: Type.Boolean(),
  /** Accept a password below the strength floor; for the reference Space and tests. */
  allowWeakPassword: Type.Optional(Type.Boolean()),
});
const KeyChange = closed({
  /** replace-user: change the password. add-recovery: new recovery words, the old ones are removed. */
  action: Type.Union([Type.Literal('replace-user'), Type.Literal('add-recovery')]),
  allowWeakPassword: Type.Optional(Type.Boolean()),
});
const JobQuery = closed({
  plan: Type.Optional(Type.String()),
  state: Type.Optional(Type.Enum(JOB_STATES)),
  active: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
const Login = closed({
  spaceUrl: Type.String({ pattern: '^https?://', maxLength: 500 }),
  /** A pairing code, or the user's DID and token. */
  code: Type.Optional(Type.String({ maxLength: 40 })),
  did: Type.Optional(Type.String({ maxLength: 200 })),
  token: Type.Optional(Type.String({ maxLength: 4096 })),
  clusterId: Type.Optional(Type.String({ maxLength: 200 })),
});

export const routes = {
  getStatus: route({
    method: 'GET',
    path: '/status',
    permission: 'read',
    summary: 'Everything a first look needs',
    status: 200,
    response: Status,
  }),
  listPlans: route({
    method: 'GET',
    path: '/plans',
    permission: 'read',
    summary: 'All plans',
    status: 200,
    response: Type.Array(Plan),
  }),
  getPlan: route({
    method: 'GET',
    path: '/plans/:plan',
    permission: 'read',
    summary: 'One plan',
    params: byPlan,
    status: 200,
    response: Plan,
  }),
  createPlan: route({
    method: 'POST',
    path: '/plans',
    permission: 'admin',
    summary: 'Add a plan; it runs once it is armed',
    body: NewPlan,
    status: 201,
    response: Plan,
  }),
  changePlan: route({
    method: 'PATCH',
    path: '/plans/:plan',
    permission: 'admin',
    summary: 'Change a plan',
    params: byPlan,
    body: PlanChange,
    status: 200,
    response: Plan,
  }),
  removePlan: route({
    method: 'DELETE',
    path: '/plans/:plan',
    permission: 'admin',
    summary: 'Remove a plan; its snapshots stay where they are',
    params: byPlan,
    status: 200,
    response: Plan,
  }),
  pausePlan: route({
    method: 'POST',
    path: '/plans/:plan/pause',
    permission: 'write',
    summary: 'Stop scheduled runs',
    params: byPlan,
    status: 200,
    response: Plan,
  }),
  resumePlan: route({
    method: 'POST',
    path: '/plans/:plan/resume',
    permission: 'write',
    summary: 'Go on with scheduled runs',
    params: byPlan,
    status: 200,
    response: Plan,
  }),
  armPlan: route({
    method: 'POST',
    path: '/plans/:plan/arm',
    permission: 'admin',
    summary: 'Make or open the repository and write its keys',
    params: byPlan,
    body: ArmRequest,
    status: 202,
    response: SecretChannel,
  }),
  backupPlan: route({
    method: 'POST',
    path: '/plans/:plan/backup',
    permission: 'write',
    summary: 'Take a snapshot now',
    params: byPlan,
    status: 202,
    response: Job,
  }),
  checkPlan: route({
    method: 'POST',
    path: '/plans/:plan/check',
    permission: 'write',
    summary: 'Check the repository',
    params: byPlan,
    status: 202,
    response: Job,
  }),
  listKeys: route({
    method: 'GET',
    path: '/plans/:plan/keys',
    permission: 'read',
    summary: 'Keys of the repository, read from it',
    params: byPlan,
    status: 200,
    response: Type.Array(PlanKey),
  }),
  changeKey: route({
    method: 'POST',
    path: '/plans/:plan/keys',
    permission: 'admin',
    summary: 'Change the password or the recovery words',
    params: byPlan,
    body: KeyChange,
    status: 202,
    response: SecretChannel,
  }),
  removeKey: route({
    method: 'DELETE',
    path: '/plans/:plan/keys/:key',
    permission: 'admin',
    summary: 'Remove a key',
    params: closed({ plan: Type.String(), key: ResticId }),
    status: 200,
    response: Type.Array(PlanKey),
  }),
  listSnapshots: route({
    method: 'GET',
    path: '/snapshots',
    permission: 'read',
    summary: 'Snapshots, newest first',
    query: closed({ plan: Type.Optional(Type.String()), refresh: Type.Optional(Type.Boolean()) }),
    status: 200,
    response: Type.Array(Snapshot),
  }),
  getSnapshot: route({
    method: 'GET',
    path: '/snapshots/:snapshot',
    permission: 'read',
    summary: 'One snapshot',
    params: bySnapshot,
    status: 200,
    response: Snapshot,
  }),
  listEntries: route({
    method: 'GET',
    path: '/snapshots/:snapshot/entries',
    permission: 'read',
    summary: 'One directory of a snapshot',
    params: bySnapshot,
    query: closed({ path: Type.Optional(Type.String()) }),
    status: 200,
    response: Type.Array(SnapshotEntry),
  }),
  listJobs: route({
    method: 'GET',
    path: '/jobs',
    permission: 'read',
    summary: 'Jobs, newest first',
    query: JobQuery,
    status: 200,
    response: Type.Array(Job),
  }),
  getJob: route({
    method: 'GET',
    path: '/jobs/:job',
    permission: 'read',
    summary: 'One job',
    params: byJob,
    status: 200,
    response: Job,
  }),
  cancelJob: route({
    method: 'POST',
    path: '/jobs/:job/cancel',
    permission: 'write',
    summary: 'Ask a job to stop cleanly',
    params: byJob,
    status: 202,
    response: Job,
  }),
  listRequests: route({
    method: 'GET',
    path: '/requests',
    permission: 'read',
    summary: 'Restore requests, newest first',
    query: closed({ all: Type.Optional(Type.Boolean()) }),
    status: 200,
    response: Type.Array(RestoreRequest),
  }),
  getRequest: route({
    method: 'GET',
    path: '/requests/:request',
    permission: 'read',
    summary: 'One restore request',
    params: byRequest,
    status: 200,
    response: RestoreRequest,
  }),
  createRequest: route({
    method: 'POST',
    path: '/requests',
    permission: 'write',
    summary: 'Prepare a restore',
    body: NewRestoreRequest,
    status: 201,
    response: RestoreRequest,
  }),
  openRequest: route({
    method: 'POST',
    path: '/requests/:request/open',
    permission: 'admin',
    summary: 'A person at the machine looks at it',
    params: byRequest,
    status: 200,
    response: RestoreRequest,
  }),
  previewRequest: route({
    method: 'POST',
    path: '/requests/:request/preview',
    permission: 'admin',
    summary: 'What the restore would do',
    params: byRequest,
    body: RestoreChoice,
    status: 200,
    response: RestorePreview,
  }),
  verifyRequest: route({
    method: 'POST',
    path: '/requests/:request/verify',
    permission: 'admin',
    summary: 'Check the typed password; on success the restore begins',
    params: byRequest,
    body: RestoreChoice,
    status: 202,
    response: SecretChannel,
  }),
  declineRequest: route({
    method: 'POST',
    path: '/requests/:request/decline',
    permission: 'write',
    summary: 'Decline it',
    params: byRequest,
    body: closed({ reason: Type.Optional(Type.String({ maxLength: 500 })) }),
    status: 200,
    response: RestoreRequest,
  }),
  getUsage: route({
    method: 'GET',
    path: '/usage',
    permission: 'read',
    summary: 'Usage against the quota',
    query: closed({ refresh: Type.Optional(Type.Boolean()) }),
    status: 200,
    response: Usage,
  }),
  login: route({
    method: 'POST',
    path: '/account',
    permission: 'admin',
    summary: 'Sign in to a Space, or pair with it',
    body: Login,
    status: 200,
    response: Account,
  }),
  logout: route({
    method: 'DELETE',
    path: '/account',
    permission: 'admin',
    summary: 'Sign out; plans and snapshots stay',
    status: 204,
    response: nothing,
  }),
  getConfig: route({
    method: 'GET',
    path: '/config',
    permission: 'read',
    summary: 'The settings in force',
    status: 200,
    response: Type.Record(Type.String(), Type.Unknown()),
  }),
  listHealth: route({
    method: 'GET',
    path: '/health',
    permission: 'read',
    summary: 'What is wrong now',
    status: 200,
    response: Type.Array(HealthCondition),
  }),
  runDoctor: route({
    method: 'GET',
    path: '/doctor',
    permission: 'read',
    summary: 'Checks of the whole set-up',
    status: 200,
    response: Type.Array(DoctorCheck),
  }),
  createSessionCode: route({
    method: 'POST',
    path: '/session-codes',
    permission: 'admin',
    summary: 'A single-use code that opens the page',
    status: 201,
    response: Type.Object({ url: Type.String(), expiresAt: EpochMs }),
  }),
  createSession: route({
    method: 'POST',
    path: '/sessions',
    permission: 'public',
    summary: 'Exchange a single-use code for a session cookie',
    body: closed({ code: Type.String({ maxLength: 100 }) }),
    status: 204,
    response: nothing,
  }),
  removeSession: route({
    method: 'DELETE',
    path: '/sessions',
    permission: 'read',
    summary: 'End this session',
    status: 204,
    response: nothing,
  }),
} as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;

/** `GET /api/v1/events?after=N`: server-sent events, `event: event` with an AgentEvent and `event: progress`. */
export const EVENTS_PATH = '/events';
export const EventsQuery = closed({ after: Type.Optional(Count) });
export const API_PREFIX = '/api/v1';
/** Request header with the caller's version; the daemon answers with its own in the same header. */
export const VERSION_HEADER = 'x-olares-backup-version';
