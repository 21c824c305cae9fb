import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WIRE_PATHS, type Envelope } from '../../contract/space/wire.ts';
import type { FaultAction, SpaceFaults } from '../faults.ts';
import type { Log } from '../log.ts';
import { WIRE_CALLS, type WireCall, type WireContext } from './calls.ts';
import { envelopeOf, signInAgain } from './envelope.ts';
import { readFields, type Fields } from './forms.ts';

export const WIRE_BODY_LIMIT = 1024 * 1024;

export interface WireRouteOptions {
  readonly context: WireContext;
  readonly faults: SpaceFaults | undefined;
  readonly log: Log;
}

/** `POST {base}/v1/resource/…` as the real Space answers it: HTTP 200 and an envelope, whatever happened. */
export function addWireRoutes(app: FastifyInstance, options: WireRouteOptions): void {
  app.removeAllContentTypeParsers();
  // The body's form is told by its text as much as by its type, which old agents leave out.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  for (const name of Object.keys(WIRE_PATHS) as WireCall[]) {
    app.post(WIRE_PATHS[name], { bodyLimit: WIRE_BODY_LIMIT }, (request, reply) =>
      answerCall(name, options, { request, reply }),
    );
  }
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function answerCall(name: WireCall, options: WireRouteOptions, exchange: Exchange): Promise<unknown> {
  const { faults } = options;
  const read = readOrRefuse(name, exchange.request);
  if (!faults) return run(name, options, read);
  const before = await faults.strike(`call:${name}`, 'fields' in read ? read.fields : read.refused);
  if (before && isAnswered(before)) return strike(before, exchange.reply);
  const answer = await run(name, options, read);
  if (before?.do === 'duplicate') await run(name, options, read);
  const after = await faults.strike(`answer:${name}`, answer);
  return after && isAnswered(after) ? strike(after, exchange.reply) : answer;
}

type Read = { readonly fields: Fields } | { readonly refused: Envelope };

function readOrRefuse(name: WireCall, request: FastifyRequest): Read {
  try {
    const body = typeof request.body === 'string' ? request.body : '';
    return { fields: readFields(body, request.headers['content-type'] ?? '', WIRE_CALLS[name].fields) };
  } catch (error) {
    return { refused: envelopeOf(error) };
  }
}

async function run(name: WireCall, { context, log }: WireRouteOptions, read: Read): Promise<Envelope> {
  if ('refused' in read) return read.refused;
  try {
    return await WIRE_CALLS[name].run(context, read.fields);
  } catch (error) {
    const answer = envelopeOf(error);
    if (answer.code >= 500) log('error', 'a call failed', { call: name, error });
    return answer;
  }
}

const isAnswered = (action: FaultAction): boolean => ['drop', 'reject', 'expire'].includes(action.do);

function strike(action: FaultAction, reply: FastifyReply): unknown {
  if (action.do === 'reject') {
    const body =
      action.body ?? JSON.stringify({ code: action.code ?? 500, message: 'refused for a test', data: null });
    const type = body.startsWith('{') ? 'application/json' : 'text/html';
    return reply
      .code(action.status ?? 200)
      .type(type)
      .send(body);
  }
  if (action.do === 'expire') return signInAgain();
  reply.hijack();
  reply.raw.destroy();
  return reply;
}
