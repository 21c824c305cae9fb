import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import {
  openLocalStorage,
  type CredentialGrant,
  type LocalStorage,
  type LocalStorageOptions,
  type TemporaryCredentials,
} from '../storage.ts';

export const BUCKET = 'olares-test';
export const REGION = 'eu-test-1';
export const ACCOUNT = 'did:key:z6MkTest';
export const PREFIX = 'did:key:z6MkTest-ab12cd34';

/** A storage on a real port and a real directory, for the tests of this folder. */
export interface StorageFixture extends AsyncDisposable {
  storage: LocalStorage;
  dir: string;
  port: number;
  /** Moves the storage's clock. */
  clock: { offsetMs: number; now: () => number };
  errors: unknown[];
  credentials(grant?: Partial<CredentialGrant>): Promise<TemporaryCredentials>;
  client(grant?: Partial<CredentialGrant>): S3Client;
  /** Closes and opens again on the same directory, as a restart of Space does. */
  restart(): Promise<void>;
}

export async function startStorage(
  options: Partial<LocalStorageOptions> & { dir?: string } = {},
): Promise<StorageFixture> {
  const dir = options.dir ?? (await mkdtemp(path.join(tmpdir(), 'space-storage-')));
  const errors: unknown[] = [];
  const clock = { offsetMs: 0, now: () => new Date().getTime() + clock.offsetMs };
  const open = () =>
    openLocalStorage({
      dir,
      bucket: BUCKET,
      region: REGION,
      clock: clock.now,
      quotaBytes: () => 10 * 1024 ** 3,
      onError: (error) => errors.push(error),
      ...options,
    });
  let storage = await open();
  const server = createServer({ requestTimeout: 0 }, (request, response) =>
    storage.handle(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const credentials = (grant: Partial<CredentialGrant> = {}) =>
    storage.issue({ accountId: ACCOUNT, prefix: PREFIX, purpose: 'backup', ttlSeconds: 3600, ...grant });
  return {
    get storage() {
      return storage;
    },
    dir,
    port,
    clock,
    errors,
    credentials,
    client: (grant) => s3Client(port, credentials(grant)),
    async restart() {
      await storage.close();
      storage = await open();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

export function s3Client(
  port: number,
  credentials: TemporaryCredentials | Promise<TemporaryCredentials>,
): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials;
      return { accessKeyId, secretAccessKey, sessionToken };
    },
  });
}

export interface RawRequest {
  method: string;
  /** Encoded, with the leading slash. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** x-amz-content-sha256; the body's own hash if left out. */
  payload?: string;
  signingDate?: Date;
}

/** The headers of a request signed by AWS's library, so that a test can then bend them. */
export async function signedHeaders(
  fixture: Pick<StorageFixture, 'port' | 'clock'>,
  credentials: TemporaryCredentials,
  request: RawRequest,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 's3',
    region: REGION,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
  });
  const payload =
    request.payload ??
    createHash('sha256')
      .update(request.body ?? '')
      .digest('hex');
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: request.path,
      query: request.query ?? {},
      headers: { host: `127.0.0.1:${fixture.port}`, 'x-amz-content-sha256': payload, ...request.headers },
    },
    { signingDate: request.signingDate ?? new Date(fixture.clock.now()) },
  );
  return signed.headers;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The code of an error answer. */
  code: string | undefined;
}

/** Signs and sends exactly as given; for what no client library would do. `bend` changes the headers after signing. */
export async function sendRaw(
  fixture: StorageFixture,
  credentials: TemporaryCredentials,
  request: RawRequest,
  bend: (headers: Record<string, string>) => void = () => undefined,
): Promise<RawAnswer> {
  const headers = await signedHeaders(fixture, credentials, request);
  bend(headers);
  const query = Object.entries(request.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  const path = query.length === 0 ? request.path : `${request.path}?${query.join('&')}`;
  return send(fixture.port, { method: request.method, path, headers, body: request.body });
}

/** Sends a request as it is. */
export function send(
  port: number,
  request: {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: Buffer | string | undefined;
  },
): Promise<RawAnswer> {
  const { method, path, headers = {}, body = '' } = request;
  return new Promise((resolve, reject) => {
    const length =
      body.length > 0 || method === 'PUT' || method === 'POST'
        ? { 'content-length': Buffer.byteLength(body) }
        : {};
    const outgoing = httpRequest(
      { port, host: '127.0.0.1', method, path, headers: { ...length, ...headers } },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text,
            code: /<Code>(\w+)<\/Code>/.exec(text)?.[1],
          });
        });
        answer.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
