import * as Type from 'typebox';
import { NewRestoreRequest, RestoreChoice, RestorePreview, RestoreRequest } from '../model/request.ts';
import { Snapshot, SnapshotEntry } from '../model/snapshot.ts';
import { DiffAnswer, FindAnswer } from '../model/snapshot-index.ts';
import { SpaceCommand, SpaceCommandsAnswer } from '../model/space-command.ts';
import { closed, Count } from '../schema.ts';
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
  findFiles: route({
    method: 'GET',
    path: '/find',
    permission: 'read',
    summary: 'Files and directories by name, over all snapshots',
    query: closed({
      /** Part of a name; with `*` or `?` the whole name; with `/` also the directories before it. */
      pattern: Type.String({ minLength: 1, maxLength: 400 }),
      plan: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      /** Wait some seconds for snapshots that are not indexed yet. */
      wait: Type.Optional(Type.Boolean()),
    }),
    status: 200,
    response: FindAnswer,
  }),
  diffSnapshots: route({
    method: 'GET',
    path: '/diff',
    permission: 'read',
    summary: 'What a snapshot has otherwise than another of the same plan',
    query: closed({
      a: bySnapshot.properties.snapshot,
      b: bySnapshot.properties.snapshot,
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      after: Type.Optional(Count),
    }),
    status: 200,
    response: DiffAnswer,
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
  listSpaceCommands: route({
    method: 'GET',
    path: '/space-commands',
    permission: 'read',
    summary: 'What Olares Space asked of this machine and what came of it, newest first',
    query: closed({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      /** How many newer ones to leave out. */
      after: Type.Optional(Count),
    }),
    status: 200,
    response: SpaceCommandsAnswer,
  }),
  answerSpaceCommand: route({
    method: 'POST',
    path: '/space-commands/:command/answer',
    permission: 'write',
    summary:
      'Say yes or no to a command of Olares Space that waits for it; the page may, as it may do the same itself',
    params: closed({ command: Type.String({ minLength: 4, maxLength: 36 }) }),
    body: closed({ allow: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 500 })) }),
    status: 200,
    response: SpaceCommand,
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
  undoRequest: route({
    method: 'POST',
    path: '/requests/:request/undo',
    permission: 'admin',
    summary: 'Put back the old files that a restore in place has kept',
    params: byRequest,
    status: 200,
    response: RestoreRequest,
  }),
} as const;
