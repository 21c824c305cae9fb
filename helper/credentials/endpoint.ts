import { randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { createPrivateFileSync } from '../state-files.ts';
import type { CredentialSource } from './source.ts';

export interface CredentialEndpoint {
  /** What restic's S3 library reads; holds no secret. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/**
 * The loopback address where restic fetches its storage credentials (the protocol of AWS containers). It never answers
 * an error to restic: after one failed fetch restic signs as nobody, is denied and gives up, so a request is held until
 * there are credentials.
 */
export async function openCredentialEndpoint(
  session: Session,
  source: CredentialSource,
): Promise<CredentialEndpoint> {
  const token = randomBytes(32).toString('hex');
  const path = `/${randomBytes(16).toString('hex')}`;
  // Our pid in its name tells the daemon whose it was, should we be killed.
  const name = `endpoint-${process.pid}-${randomBytes(8).toString('hex')}.token`;
  const tokenFile = join(session.stateDir, 'run', name);
  const server = createServer((request, response) => {
    if (!isResticAsking(request, path, token)) return void response.writeHead(404).end();
    void answer(source, response);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  createPrivateFileSync(tokenFile, token);
  return {
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}${path}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
    close() {
      rmSync(tokenFile, { force: true });
      server.close();
      server.closeAllConnections();
    },
  };
}

function isResticAsking(request: IncomingMessage, path: string, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(token);
  return request.url === path && given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function answer(source: CredentialSource, response: ServerResponse): Promise<void> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await source.get();
    const body = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch {
    // Only a cancel ends the wait; restic gets its signal at the same moment, and an answer would mislead it.
    response.destroy();
  }
}
