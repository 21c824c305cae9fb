import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StorageCredentials } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { openCredentialEndpoint, type CredentialEndpoint } from './endpoint.ts';
import { createFileSource, readCredentialFile } from './file.ts';
import { createCredentialSource, type CredentialSource } from './source.ts';

const HOUR_MS = 3_600_000;

describe('temporary credentials', () => {
  let now = 0;
  let asked = 0;
  let source: CredentialSource;
  let deliver: (credentials: StorageCredentials) => void;
  let cancel: AbortController;
  let session: Session;
  let stateDir: string;
  let endpoint: CredentialEndpoint | undefined;

  beforeEach(() => {
    now = 1_000_000_000_000;
    asked = 0;
    cancel = new AbortController();
    stateDir = mkdtempSync(join(tmpdir(), 'credentials-'));
    session = {
      stateDir,
      clock: () => now,
      cancel: cancel.signal,
      output: { credentialsNeeded: () => (asked += 1) },
      onCredentials: (listener: typeof deliver) => {
        deliver = listener;
        return () => {};
      },
    } as unknown as Session;
    source = createCredentialSource(session);
  });
  afterEach(() => {
    endpoint?.close();
    endpoint = undefined;
    source.close();
    rmSync(stateDir, { recursive: true });
  });

  const made = (name: string, lifeMs = HOUR_MS): StorageCredentials => ({
    accessKeyId: name,
    secretAccessKey: 'SK',
    sessionToken: 'ST',
    expiresAt: now + lifeMs,
  });

  it('are asked for once, however many wait', async () => {
    const waiting = [source.get(), source.get()];
    expect(source.waitingSince()).toBe(now);
    deliver(made('first'));
    expect((await Promise.all(waiting)).map(({ accessKeyId }) => accessKeyId)).toEqual(['first', 'first']);
    expect(asked).toBe(1);
    expect(source.waitingSince()).toBeUndefined();
  });

  it('are used until 80 % of their life is over, then replaced', async () => {
    deliver(made('first'));
    now += HOUR_MS * 0.79;
    expect((await source.get()).accessKeyId).toBe('first');
    now += HOUR_MS * 0.02;
    const next = source.get();
    deliver(made('second'));
    expect((await next).accessKeyId).toBe('second');
    expect(asked).toBe(1);
  });

  it('that are past their life are never handed out, not even fresh from the daemon', async () => {
    const waiting = source.get();
    deliver(made('expired', -1));
    await vi.waitFor(() => expect(asked).toBe(2), 5_000);
    deliver(made('good'));
    expect((await waiting).accessKeyId).toBe('good');
  });

  it('that live for seconds only serve until their last fifth, and the daemon is asked once for the next', async () => {
    deliver(made('short', 3_000));
    now += 2_300;
    expect((await source.get()).accessKeyId).toBe('short');
    expect(asked).toBe(0);
    now += 200;
    const next = [source.get(), source.get()];
    deliver(made('next', 3_000));
    expect((await Promise.all(next)).map(({ accessKeyId }) => accessKeyId)).toEqual(['next', 'next']);
    expect(asked).toBe(1);
  });

  it('are asked for again when the first answer came at once', async () => {
    session.output.credentialsNeeded = () => {
      asked += 1;
      deliver(made(`number ${asked}`));
    };
    await source.get();
    now += HOUR_MS;
    expect((await source.get()).accessKeyId).toBe('number 2');
  });

  it('are waited for no longer after a cancel', async () => {
    const waiting = source.get();
    cancel.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });

  const fetchAs = (token: string) => {
    const url = endpoint?.environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
    return fetch(url, { headers: { authorization: token } });
  };

  it('reach restic over loopback, held until they are there', async () => {
    endpoint = await openCredentialEndpoint(session, source);
    const tokenFile = endpoint.environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '';
    expect(statSync(tokenFile).mode & 0o077).toBe(0);
    const answer = fetchAs(readFileSync(tokenFile, 'utf8'));
    await vi.waitFor(() => expect(asked).toBe(1));
    deliver(made('late'));
    expect(await (await answer).json()).toMatchObject({
      AccessKeyId: 'late',
      Token: 'ST',
      Expiration: new Date(now + HOUR_MS).toISOString(),
    });
    endpoint.close();
    expect(existsSync(tokenFile)).toBe(false);
  });

  it('are not given to a stranger on the same machine', async () => {
    endpoint = await openCredentialEndpoint(session, source);
    expect((await fetchAs('guess')).status).toBe(404);
    expect(asked).toBe(0);
  });

  it('hold no secret in the environment of restic', async () => {
    endpoint = await openCredentialEndpoint(session, source);
    deliver(made('AK'));
    expect(JSON.stringify(endpoint.environment)).not.toMatch(/"AK"|SK|ST"/);
  });
});

describe('a credentials file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
  const path = join(folder, 'aws');
  afterEach(() => rmSync(path, { force: true }));

  it('gives its default profile', () => {
    writeFileSync(
      path,
      '[other]\naws_access_key_id = no\n[default]\naws_access_key_id = AK\naws_secret_access_key=SK\n',
      { mode: 0o600 },
    );
    expect(readCredentialFile(path)).toMatchObject({
      accessKeyId: 'AK',
      secretAccessKey: 'SK',
      sessionToken: '',
    });
  });

  it.each([
    ['that others may read', '[default]\n', 0o640, 'refused'],
    ['without keys', '[default]\n', 0o600, 'config_invalid'],
  ])('%s is refused', (_name, text, mode, code) => {
    writeFileSync(path, text, { mode });
    expect(() => readCredentialFile(path)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('gives new keys when it was changed, and the former ones while it cannot be read', async () => {
    const keys = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = S#K\n`;
    writeFileSync(path, keys('first'), { mode: 0o600 });
    const source = createFileSource({ clock: () => 1000 }, path);
    expect(await source.get()).toMatchObject({ accessKeyId: 'first', secretAccessKey: 'S#K' });
    writeFileSync(path, keys('second'));
    expect(await source.get()).toMatchObject({ accessKeyId: 'second' });
    rmSync(path);
    expect(await source.get()).toMatchObject({ accessKeyId: 'second', expiresAt: 601_000 });
    expect(() => createFileSource({ clock: () => 1000 }, path)).toThrow(path);
  });

  it('that is missing is named', () => {
    expect(() => readCredentialFile(path)).toThrow(path);
  });
});
