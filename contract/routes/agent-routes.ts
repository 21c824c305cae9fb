import * as Type from 'typebox';
import { Job } from '../model/job.ts';
import { Account, DoctorCheck, HealthCondition, Status, Usage } from '../model/status.ts';
import { closed, EpochMs } from '../schema.ts';
import { RegionsAnswer } from '../space/wire.ts';
import { byJob, JobQuery, Login, nothing } from './inputs.ts';
import { route } from './route.ts';

/** The agent itself: status, jobs, account, page. */
export const agentRoutes = {
  getStatus: route({
    method: 'GET',
    path: '/status',
    permission: 'read',
    summary: 'Everything a first look needs',
    status: 200,
    response: Status,
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
  listRegions: route({
    method: 'GET',
    path: '/regions',
    permission: 'read',
    summary: 'Where Space can keep data',
    status: 200,
    response: RegionsAnswer,
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
