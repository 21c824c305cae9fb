import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { systemChance } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { startLocalApi, type LocalApi } from './local-api.ts';
import type { ApiPorts } from './ports.ts';

export const STATUS: Status = {
  version: '1',
  machine: 'test',
  startedAt: 1,
  now: 2,
  eventSeq: 0,
  level: 'waiting',
  sentence: 'No backup plan yet.',
  conditions: [],
  link: { state: 'unpaired', since: 1, pendingReports: 0 },
  plans: [],
  jobs: [],
  requests: [],
  asked: [],
};

/** Ports that answer the little a test asks for; anything else would be a mistake of the test. */
export function fakePorts(overrides: Partial<ApiPorts> = {}): ApiPorts {
  const missing = new Proxy(
    {},
    { get: (_, name) => () => Promise.reject(new Error(`not part of this test: ${String(name)}`)) },
  );
  return {
    ...(Object.fromEntries(
      ['plans', 'repositories', 'requests', 'account', 'usage', 'health', 'index'].map((part) => [
        part,
        missing,
      ]),
    ) as unknown as ApiPorts),
    jobs: { ...(missing as ApiPorts['jobs']), onProgress: () => () => undefined },
    status: () => STATUS,
    config: () => ({}),
    asked: () => ({ commands: [], total: 0 }),
    answer: missing as unknown as ApiPorts['answer'],
    events: {
      newestSeq: () => 0,
      stream: () => emptyStream(),
    },
    ...overrides,
  };
}

export interface RunningApi extends AsyncDisposable {
  readonly api: LocalApi;
  readonly port: number;
  readonly runDir: string;
}

export async function startApi(
  ports: ApiPorts = fakePorts(),
  { runDir = mkdtempSync(join(tmpdir(), 'local-api-')), port = 0 } = {},
): Promise<RunningApi> {
  const api = await startLocalApi({
    ports,
    runDir,
    http: { host: '127.0.0.1', port },
    pageDir: runDir,
    version: '1.2.3',
    clock: systemClock,
    chance: systemChance,
    log: silentLog,
  });
  return {
    api,
    runDir,
    port: Number(new URL(api.pageUrl ?? '').port),
    async [Symbol.asyncDispose]() {
      await api.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export interface Ask {
  readonly socket?: string;
  readonly port?: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

/** One request exactly as written: no header is added but those HTTP needs. */
export function ask({ socket, port, method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const place = socket === undefined ? { host: '127.0.0.1', port } : { socketPath: socket };
    const request = httpRequest(
      { ...place, method, path, headers, setHost: !('host' in headers), agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** A log without events that ends at once. */
export async function* emptyStream(): AsyncGenerator<never> {
  yield* [];
}
