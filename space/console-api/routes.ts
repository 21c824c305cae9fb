import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type, type Static, type TSchema } from 'typebox';
import { AppError, HTTP_STATUS } from '../../contract/errors.ts';
import { closed, parser, Uuid } from '../../contract/schema.ts';
import type { ConsolePairingCode } from '../../contract/space/console.ts';
import { COMMAND_KINDS, type CommandKind } from '../../contract/space/protocol.ts';
import type { StorageIdentity } from '../api/sts.ts';
import type { Log } from '../log.ts';
import type { PairingCode } from '../state/pairing-codes.ts';
import type { Command, NewCommand } from '../state/commands.ts';
import { checkHost, checkSession, checkWrite, readCookie, type GuardOptions } from './guard.ts';
import type { Viewers } from './live.ts';
import { proposeRestore } from './restore.ts';
import { SESSION_LIFE_MS } from '../state/console-access.ts';
import { consoleState, snapshotView, type ViewSources } from './views.ts';

export interface ConsoleOptions {
  readonly hosts: () => readonly string[];
  readonly cookieName: () => string;
  /** Whether people reach the console by https, so that its cookie may only travel there. */
  readonly isHttps: boolean;
  readonly sources: ViewSources;
  readonly storage: StorageIdentity;
  readonly viewers: Viewers;
  readonly log: Log;
  readonly createPairingCode: (name: string) => PairingCode;
  readonly command: (command: NewCommand) => Command;
  readonly revoke: (deviceId: string) => void;
}

const API = '/console/api';
const ASKED_BY = 'console';
const BODY_LIMIT = 16 * 1024;

const Login = closed({ code: Type.String({ maxLength: 100 }) });
const NewCode = closed({ name: Type.String({ maxLength: 200 }) });
const Nothing = closed({});
const Restore = closed({
  accountId: Uuid,
  backupId: Type.String({ maxLength: 100 }),
  snapshotId: Type.String({ maxLength: 100 }),
  deviceId: Type.Optional(Uuid),
  note: Type.Optional(Type.String({ maxLength: 500 })),
});
const Ask = closed({
  kind: Type.Union(
    COMMAND_KINDS.filter((kind) => kind !== 'restore.propose').map((kind) => Type.Literal(kind)),
  ),
  planId: Type.Optional(Uuid),
  jobId: Type.Optional(Uuid),
  requestId: Type.Optional(Uuid),
  text: Type.Optional(Type.String({ maxLength: 500 })),
});
const Page = closed({ offset: Type.String({ pattern: '^[0-9]{1,9}$' }) });

/** The JSON API of the console page. Every route but the login needs its session. */
export function addConsoleRoutes(app: FastifyInstance, options: ConsoleOptions): void {
  const { hosts, cookieName, sources } = options;
  const guard: GuardOptions = {
    hosts,
    cookieName,
    isSession: (secret) => sources.state.consoleAccess.isSession(secret),
  };
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request) => {
    checkHost(request, hosts());
    if (request.method !== 'GET' && request.method !== 'HEAD') checkWrite(request);
    if (request.url !== `${API}/login`) checkSession(request, guard);
  });
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, options.log));
  addAccessRoutes(app, options);
  addReadRoutes(app, options);
  addWriteRoutes(app, options);
}

function addAccessRoutes(app: FastifyInstance, { sources, cookieName, isHttps }: ConsoleOptions): void {
  const { consoleAccess } = sources.state;
  const cookie = (value: string, maxAgeSec: number): string =>
    `${cookieName()}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSec}${isHttps ? '; Secure' : ''}`;
  app.post(`${API}/login`, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    const session = consoleAccess.exchange(parseBody(Login, request).code);
    if (session === undefined) {
      throw new AppError('refused', 'this sign-in link was used before or is older than 10 minutes', {
        hint: 'run `olares-space console-link` on the server for a new one',
      });
    }
    return reply.header('set-cookie', cookie(session, SESSION_LIFE_MS / 1000)).send({});
  });
  app.post(`${API}/logout`, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    parseBody(Nothing, request);
    consoleAccess.end(readCookie(request, cookieName()) ?? '');
    return reply.header('set-cookie', cookie('', 0)).send({});
  });
}

function addReadRoutes(app: FastifyInstance, { sources, viewers }: ConsoleOptions): void {
  const { records } = sources.state;
  app.get(`${API}/state`, async () => consoleState(sources));
  app.get<{ Params: { account: string; backup: string } }>(
    `${API}/accounts/:account/backups/:backup/snapshots`,
    async ({ params, query }) => {
      const { offset } = parser(Page).parse(query, 'query');
      const page = { limit: 100, offset: Number(offset) };
      return records.snapshots(params.account, params.backup, page).map(snapshotView);
    },
  );
  app.get(`${API}/events`, (_request, reply) => {
    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value);
    raw.setHeader('content-type', 'text/event-stream');
    if (!viewers.add(raw)) raw.writeHead(503).end();
  });
}

function addWriteRoutes(app: FastifyInstance, options: ConsoleOptions): void {
  const { sources, storage } = options;
  const { state } = sources;
  app.post(
    `${API}/pairing-codes`,
    { bodyLimit: BODY_LIMIT },
    async (request): Promise<ConsolePairingCode> => {
      const { code, expiresAt } = options.createPairingCode(parseBody(NewCode, request).name);
      return { code, expiresAt, command: `olares-backup login --space ${sources.spaceUrl} --code ${code}` };
    },
  );
  app.post(`${API}/restores`, { bodyLimit: BODY_LIMIT }, async (request) => {
    const command = proposeRestore(parseBody(Restore, request), { state, storage, askedBy: ASKED_BY });
    return { commandId: options.command(command).id };
  });
  app.post<{ Params: { device: string } }>(
    `${API}/devices/:device/commands`,
    { bodyLimit: BODY_LIMIT },
    async (request) => {
      const { kind, ...params } = parseBody(Ask, request);
      const deviceId = usableDevice(options, request.params.device);
      return {
        commandId: options.command({ deviceId, kind: kind as CommandKind, params, askedBy: ASKED_BY }).id,
      };
    },
  );
  app.post<{ Params: { device: string } }>(
    `${API}/devices/:device/revoke`,
    { bodyLimit: BODY_LIMIT },
    async (request) => {
      parseBody(Nothing, request);
      options.revoke(usableDevice(options, request.params.device));
      return {};
    },
  );
}

function usableDevice({ sources }: ConsoleOptions, id: string): string {
  const device = sources.state.devices.byId(id);
  if (!device) throw new AppError('not_found', 'there is no such machine');
  if (device.revokedAt !== null) throw new AppError('conflict', 'this machine was revoked');
  return device.id;
}

const parseBody = <S extends TSchema>(schema: S, request: FastifyRequest): Static<S> =>
  parser(schema).parse(request.body, 'request body');

export function sendError(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  if (error instanceof AppError) {
    const { code, message, hint } = error;
    return reply
      .code(HTTP_STATUS[code])
      .send({ error: { code, message, ...(hint === undefined ? {} : { hint }) } });
  }
  const status = clientFault(error);
  if (status !== undefined) {
    return reply
      .code(status)
      .send({ error: { code: 'invalid_input', message: 'the request cannot be read' } });
  }
  log('error', 'a console request failed', { error });
  return reply
    .code(500)
    .send({ error: { code: 'failed', message: 'something went wrong inside the Space' } });
}

/** The web framework's own refusals (too long, not JSON, unknown type) are the caller's fault. */
function clientFault(error: unknown): number | undefined {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
