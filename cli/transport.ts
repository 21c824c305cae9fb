import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { AppError, VERSION_HEADER, type ApiRequest, type ApiTransport } from '../contract/index.ts';
import type { AgentPlace } from './state-dir.ts';

/** Longest silence of the daemon before a call is given up; some calls wait for restic and a far storage. */
const READ_TIMEOUT_MS = 120_000;
const WRITE_TIMEOUT_MS = 600_000;

export interface TransportOptions {
  readonly place: AgentPlace;
  readonly version: string;
  /** Called with each answer's version of the daemon. */
  readonly onVersion: (version: string) => void;
}

export interface SocketTransport extends ApiTransport {
  /**
   * Opens a request and hands over the answer before its body was read.
   * @throws AppError `daemon_not_running` when nothing answers, `refused` when the socket may not be opened
   */
  open(request: ApiRequest, signal?: AbortSignal): Promise<IncomingMessage>;
}

/** Talks HTTP to the daemon over admin.sock; reads go on over status.sock where admin.sock is not ours to open. */
export function createTransport(options: TransportOptions): SocketTransport {
  const open = async (request: ApiRequest, signal?: AbortSignal): Promise<IncomingMessage> => {
    const failures: NodeJS.ErrnoException[] = [];
    for (const socketPath of socketPaths(options.place, request)) {
      try {
        const answer = await exchange({ socketPath, request, version: options.version, signal });
        const version = answer.headers[VERSION_HEADER];
        if (typeof version === 'string') options.onVersion(version);
        return answer;
      } catch (error) {
        if (!isConnectFailure(error)) throw noAnswer(error, request);
        failures.push(error);
      }
    }
    throw unreachable(failures, options.place);
  };
  return {
    open,
    async send(request) {
      const answer = await open(request);
      return { status: answer.statusCode ?? 0, body: parseBody(await readText(answer, request)) };
    },
  };
}

function socketPaths(place: AgentPlace, request: ApiRequest): string[] {
  const names = request.method === 'GET' ? ['admin.sock', 'status.sock'] : ['admin.sock'];
  return place.socketDirs.flatMap((folder) => names.map((name) => join(folder, name)));
}

interface Exchange {
  readonly socketPath: string;
  readonly request: ApiRequest;
  readonly version: string;
  readonly signal: AbortSignal | undefined;
}

function exchange({ socketPath, request, version, signal }: Exchange): Promise<IncomingMessage> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath,
        method: request.method,
        path: request.path,
        agent: false,
        ...(signal ? { signal } : {}),
        headers: {
          host: 'localhost',
          accept: 'application/json, text/event-stream',
          [VERSION_HEADER]: version,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      resolve,
    );
    outgoing.setTimeout(request.method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS, () => {
      outgoing.destroy(
        new AppError('try_later', 'the agent does not answer', { hint: 'try again in a minute' }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function isConnectFailure(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'connect';
}

async function readText(answer: IncomingMessage, request: ApiRequest): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  try {
    for await (const piece of answer) text += piece;
  } catch (error) {
    throw noAnswer(error, request);
  }
  return text;
}

function parseBody(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked sees that this is no answer of the daemon: the status or the schema refuses it.
    return null;
  }
}

function noAnswer(error: unknown, request: ApiRequest): Error {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  return new AppError('daemon_not_running', 'the agent went away before it answered', {
    hint:
      request.method === 'GET'
        ? 'try again'
        : 'look at `olares-backup status` before you try again: it may have been done',
    cause: error,
  });
}

function unreachable(failures: readonly NodeJS.ErrnoException[], place: AgentPlace): AppError {
  const cause = failures[0];
  if (failures.some(({ code }) => code === 'EACCES' || code === 'EPERM')) {
    return new AppError('refused', `you may not talk to the agent in ${place.stateDir}`, {
      hint: 'run the same command with `sudo`, or as the user who runs the agent',
      cause,
    });
  }
  const odd = failures.find(({ code }) => code !== 'ENOENT' && code !== 'ECONNREFUSED');
  const why = odd ? ` (${odd.code ?? odd.message})` : '';
  return new AppError('daemon_not_running', `the agent is not running in ${place.stateDir}${why}`, {
    hint: `start it with: ${place.startCommand}`,
    cause,
  });
}
