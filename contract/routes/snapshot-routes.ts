import { Type } from 'typebox';
import { NewRestoreRequest, RestoreChoice, RestorePreview, RestoreRequest } from '../model/request.ts';
import { Snapshot, SnapshotEntry } from '../model/snapshot.ts';
import { closed } from '../schema.ts';
import { byRequest, bySnapshot, SecretChannel } from './inputs.ts';
import { route } from './route.ts';

/** Snapshots, and the requests to restore them. */
export const snapshotRoutes = {
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
} as const;
