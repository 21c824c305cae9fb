import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { readClusterSettings, type ClusterOptions, type ClusterSettings } from '../cluster/settings.ts';
import type { CredentialClaims, CredentialIssuer } from '../credentials.ts';
import { ObjectStore } from '../disk/object-store.ts';
import { serve } from '../s3/endpoint.ts';
import { parseRequest, queryValue } from '../s3/request.ts';
import { findRoute } from '../s3/routes.ts';
import { isPermitted, type JudgedRequest } from './policy-judge.ts';

export const CLUSTER_BUCKET = 'cluster-bucket';
export const CLUSTER_REGION = 'eu-test-1';
export const ROLE = 'arn:aws:iam::123456789012:role/olares-space';
// Our own endpoint knows no keys without a token, so the owner of this cluster has one too.
const OWNER = {
  accessKeyId: 'AKIATESTOWNER0000000',
  secretAccessKey: 'secretOfTheOwner',
  sessionToken: 'owner',
};
const MOST_SECONDS = 7_200;
const BOOKS_ONLY = {
  bucket: CLUSTER_BUCKET,
  region: CLUSTER_REGION,
  random: randomBytes,
  quotaBytes: () => Infinity,
};
const ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  ListParts: 'ListMultipartUploadParts',
  ListObjectsV2: 'ListBucket',
  ListObjects: 'ListBucket',
  HeadBucket: 'ListBucket',
};

interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly policy: string | undefined;
  readonly expiresAtMs: number;
}

/**
 * A cluster of others for tests: STS AssumeRole, and session policies in front of our own S3 endpoint, whose rights
 * by prefix are opened wide so that only the policy decides.
 */
export class TestCluster implements AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly keysFile: string;
  /** S3 operations and `AssumeRole`, in order. */
  readonly seen: string[] = [];
  /** Policies it was given, in order. */
  readonly policies: string[] = [];
  /** Answered to everything while it is set. */
  fault: { status: number; code: string } | undefined;
  /** Takes requests and answers none. */
  isHanging = false;
  held = 0;
  readonly #dir: string;
  readonly #store: ObjectStore;
  readonly #server: Server;
  readonly #sessions = new Map<string, Session>([
    [OWNER.sessionToken, { ...OWNER, policy: undefined, expiresAtMs: Infinity }],
  ]);

  private constructor(parts: { dir: string; store: ObjectStore; server: Server }) {
    this.#dir = parts.dir;
    this.#store = parts.store;
    this.#server = parts.server;
    this.url = `http://127.0.0.1:${(parts.server.address() as AddressInfo).port}`;
    this.keysFile = path.join(parts.dir, 'keys');
  }

  static async start(): Promise<TestCluster> {
    const dir = await mkdtemp(path.join(tmpdir(), 'space-cluster-'));
    const store = await ObjectStore.open({
      dir: path.join(dir, 'objects'),
      nowMs: Date.now(),
      random: randomBytes,
    });
    const server = createServer({ requestTimeout: 0 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cluster = new TestCluster({ dir, store, server });
    server.on('request', (request, response) => void cluster.#answer(request, response));
    await cluster.writeKeys(OWNER.secretAccessKey);
    return cluster;
  }

  writeKeys(secretAccessKey: string): Promise<void> {
    const lines = [
      '[another]',
      'aws_access_key_id = AKIANOTTHISONE',
      '[default]',
      `aws_access_key_id = ${OWNER.accessKeyId}`,
      `aws_secret_access_key=${secretAccessKey}`,
      `aws_session_token = ${OWNER.sessionToken}`,
    ];
    return writeFile(this.keysFile, lines.join('\n'), { mode: 0o600 });
  }

  settings(change: ClusterOptions = {}): ClusterSettings {
    return readClusterSettings({
      's3-endpoint': this.url,
      's3-region': CLUSTER_REGION,
      's3-bucket': CLUSTER_BUCKET,
      's3-role-arn': ROLE,
      's3-credentials-file': this.keysFile,
      ...change,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#store.close();
    await rm(this.#dir, { recursive: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isHanging) return void (this.held += 1);
    if (this.fault) return refuse(response, this.fault.status, this.fault.code);
    if (request.method === 'POST' && request.url === '/') return this.#assumeRole(request, response);
    const { judged, operation, prefix } = readCall(request);
    this.seen.push(operation);
    const token = String(request.headers['x-amz-security-token']);
    const policy = this.#sessions.get(token)?.policy;
    if (policy !== undefined && !isPermitted(policy, judged)) return refuse(response, 403, 'AccessDenied');
    const options = { ...BOOKS_ONLY, clock: Date.now, store: this.#store, issuer: this.#issuer(prefix) };
    await serve(request, response, { ...options, faults: undefined, onError: () => undefined });
  }

  /** Knows our sessions, and gives each the right to do all below the prefix that is asked for. */
  #issuer(prefix: string): CredentialIssuer {
    const open = (token: string): CredentialClaims | undefined => {
      const session = this.#sessions.get(token);
      return session && { ...session, accountId: 'all', prefix, purpose: 'prune', issuedAtMs: 0 };
    };
    const secretFor = (_id: string, token: string) => this.#sessions.get(token)?.secretAccessKey ?? '';
    return { open, secretFor } as unknown as CredentialIssuer;
  }

  async #assumeRole(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.seen.push('AssumeRole');
    const isOwner = await isSignedByOwner(request, body);
    if (!isOwner) return refuse(response, 403, 'SignatureDoesNotMatch');
    const form = new URLSearchParams(body);
    const seconds = Number(form.get('DurationSeconds'));
    const policy = form.get('Policy') ?? '';
    this.policies.push(policy);
    const isRight =
      form.get('Action') === 'AssumeRole' && /^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? '');
    if (!isRight || policy.length > 2_048 || seconds < 900 || seconds > MOST_SECONDS)
      return refuse(response, 400, 'ValidationError');
    if (form.get('RoleArn') !== ROLE) return refuse(response, 403, 'AccessDenied');
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    // With every character that such tokens have.
    const sessionToken = `IQoJ+/${randomBytes(200).toString('base64')}`;
    const session = {
      accessKeyId,
      secretAccessKey: randomBytes(30).toString('base64'),
      policy,
      expiresAtMs: Date.now() + seconds * 1000,
    };
    this.#sessions.set(sessionToken, session);
    response.end(`<?xml version="1.0"?><AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
      <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/a/b</Arn></AssumedRoleUser><Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${session.secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(session.expiresAtMs).toISOString()}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`);
  }
}

function readCall(message: IncomingMessage): { judged: JudgedRequest; operation: string; prefix: string } {
  const request = parseRequest(message);
  const operation = findRoute(request).name;
  const asked = queryValue(request, 'prefix');
  const judged = {
    action: `s3:${ACTIONS[operation] ?? operation}`,
    resource: `arn:aws:s3:::${request.bucket}${request.key === '' ? '' : `/${request.key}`}`,
    context: { 's3:prefix': asked },
  };
  return {
    judged,
    operation,
    prefix: (request.key === '' ? (asked ?? '') : request.key).split('/')[0] ?? '',
  };
}

/** Signs again with AWS's own library what came in, and compares. */
async function isSignedByOwner(request: IncomingMessage, body: string): Promise<boolean> {
  const { headers } = request;
  const claimed = headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(claimed)?.[1]?.split(';') ?? [];
  const signer = new SignatureV4({
    service: 'sts',
    region: CLUSTER_REGION,
    credentials: OWNER,
    sha256: Sha256,
  });
  const at = String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const kept = names.map((name) => [name, String(headers[name])]);
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      headers: Object.fromEntries(kept),
      body,
    },
    { signingDate: new Date(at) },
  );
  return signed.headers['authorization'] === claimed;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>not for \u001b[31myou</Message></Error>`,
  );
}
