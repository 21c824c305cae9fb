import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CredentialIssuer } from '../credentials.ts';
import type { ObjectStore } from '../disk/object-store.ts';
import type { StorageFault, StorageFaults } from '../faults.ts';
import { openBody } from './body.ts';
import type { Call, EndpointConfig } from './call.ts';
import { S3Error, toS3Error } from './error.ts';
import { parseRequest, type S3Request } from './request.ts';
import { sendError } from './respond.ts';
import { findRoute } from './routes.ts';
import { authenticate } from './signature.ts';

export interface EndpointOptions extends EndpointConfig {
  store: ObjectStore;
  issuer: CredentialIssuer;
  faults: StorageFaults | undefined;
  /** Told of what became an `InternalError`: the client only learns the request id. */
  onError: (error: unknown, requestId: string) => void;
}

/** A refused upload may go on being sent for so long; then its connection is cut. */
const DRAIN_MS = 30_000;

/** Answers one S3 request. Never throws. */
export async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  options: EndpointOptions,
): Promise<void> {
  const requestId = options.random(8).toString('hex').toUpperCase();
  // Clients correct their clocks by this header, so it has to be the clock that judges them.
  response.setHeader('date', new Date(options.clock()).toUTCString());
  response.setHeader('x-amz-request-id', requestId);
  // Node takes the socket off a destroyed message.
  const { socket } = message;
  message.on('error', () => undefined);
  response.on('error', () => undefined);
  try {
    await run(parseRequest(message), response, options);
  } catch (error) {
    refuse(error, { message, socket, response, requestId, onError: options.onError });
  }
  limitDrain(message, socket);
}

async function run(request: S3Request, response: ServerResponse, options: EndpointOptions): Promise<void> {
  const route = findRoute(request);
  const fault = options.faults?.before?.({ operation: route.name, key: request.key, method: request.method });
  const onBytes = await applyFault(fault, request.message);
  const identity = await authenticate(request, {
    issuer: options.issuer,
    region: options.region,
    nowMs: options.clock(),
  });
  if (request.bucket !== '' && request.bucket !== options.bucket)
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist');
  const call: Call = {
    request,
    response,
    identity,
    store: options.store,
    config: options,
    onSent: onBytes,
    openBody() {
      const body = openBody(request, identity);
      const read: typeof body.read = (sink) =>
        body.read(async (piece) => {
          onBytes(piece.length);
          await sink(piece);
        });
      return { size: body.size, read };
    },
  };
  await route.run(call);
}

function refuse(
  error: unknown,
  options: {
    message: IncomingMessage;
    socket: Socket;
    response: ServerResponse;
    requestId: string;
    onError: EndpointOptions['onError'];
  },
): void {
  const { message, socket, response, requestId, onError } = options;
  const answer = toS3Error(error);
  // Cut by the client: there is nobody to answer and nothing wrong here.
  const gone = response.destroyed || socket.destroyed;
  if (answer.status >= 500 && answer.cause !== undefined && !gone) onError(answer.cause, requestId);
  if (response.headersSent || gone) {
    response.destroy();
    return;
  }
  const resource = (message.url ?? '/').split('?')[0] ?? '/';
  sendError(response, answer, { resource, requestId, head: message.method === 'HEAD' });
}

/**
 * Lets the client finish sending a body that was refused, for a while. Closing at once would reset the
 * connection and could take the answer with it: the client would see a network fault and try again.
 */
function limitDrain(message: IncomingMessage, socket: Socket): void {
  if (message.complete || socket.destroyed) return;
  message.resume();
  const timer = setTimeout(() => socket.destroy(), DRAIN_MS);
  timer.unref();
  message.once('close', () => clearTimeout(timer));
  message.once('end', () => clearTimeout(timer));
}

async function applyFault(
  fault: StorageFault | undefined,
  message: IncomingMessage,
): Promise<(bytes: number) => void> {
  if (fault === undefined) return () => undefined;
  if ('status' in fault)
    throw new S3Error(fault.code, fault.message ?? 'A fault was asked for.', { status: fault.status });
  if ('delayMs' in fault) {
    await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    return () => undefined;
  }
  const { socket } = message;
  let left = fault.dropAfterBytes;
  const spend = (bytes: number): void => {
    left -= bytes;
    if (left <= 0) socket.destroy();
  };
  spend(0);
  return spend;
}
