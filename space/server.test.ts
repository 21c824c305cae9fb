import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resticBinary, ResticRunner } from './storage/testing/restic.ts';
import { pairMachine } from './testing/agent.ts';
import { startTestSpace, type TestSpace } from './testing/fixture.ts';

const ID = '7b1e0000-0000-4000-8000-000000000001';

async function askForStorage(fixture: TestSpace) {
  const { userid, token } = (await pairMachine(fixture)).paired;
  const sts = await fixture.call('/v1/resource/stsToken/backup', { userid, token, clusterId: '' });
  const { endpoint, bucket, prefix = '', ak = '', sk = '', st = '' } = sts.data as Record<string, string>;
  const grant = { expiresAtMs: 0, accountId: '', purpose: 'backup' as const };
  return {
    identity: { userid, token },
    repository: `${endpoint}/${bucket}/${prefix}/olares-backups/photos-${ID}`,
    credentials: { ...grant, prefix, accessKeyId: ak, secretAccessKey: sk, sessionToken: st },
  };
}

describe('a Space', () => {
  it('lets restic store at the address its credentials name, and counts what is stored', async () => {
    await using fixture = await startTestSpace();
    await using restic = await ResticRunner.create(resticBinary(process.env));
    const { repository, credentials, identity } = await askForStorage(fixture);
    await writeFile(join(restic.source, 'file'), 'content');
    expect(await restic.run(repository, credentials, ['init'])).toMatchObject({ exitCode: 0 });
    expect(await restic.run(repository, credentials, ['backup', '.'])).toMatchObject({ exitCode: 0 });
    const usage = await fixture.call('/v1/resource/backup/usage', identity);
    expect(Number(usage.data?.['usageSize'])).toBeGreaterThan(500);
    expect(usage.data?.['usedSize']).toBe(usage.data?.['usageSize']);
  });

  it('says that no more can be backed up when the quota is used', async () => {
    await using fixture = await startTestSpace({ quotaBytes: 1 });
    await using restic = await ResticRunner.create(resticBinary(process.env));
    const { repository, credentials, identity } = await askForStorage(fixture);
    const usage = async () => (await fixture.call('/v1/resource/backup/usage', identity)).data;
    expect(await usage()).toMatchObject({ totalSize: 1, usageSize: 0, canBackup: true });
    await restic.run(repository, credentials, ['init']);
    expect(await usage()).toMatchObject({ totalSize: 1, canBackup: false });
  });

  it('survives thousands of malformed requests on its port', async () => {
    await using fixture = await startTestSpace();
    const { port } = fixture.space;
    const wellFormed = [
      `POST /v1/resource/backup/usage HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 18\r\n\r\nuserid=did:key:z&x`,
      `GET /v1/agent/connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: olares-backup.v1\r\n\r\n`,
      `GET /console/api/state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: a=b\r\n\r\n`,
      `PUT /olares-space/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc`,
    ];
    let seed = 1;
    const chance = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const mutate = (text: string): Buffer => {
      const bytes = Buffer.from(text);
      for (let count = 1 + chance(8); count > 0; count -= 1) bytes[chance(bytes.length)] = chance(256);
      return chance(4) === 0 ? bytes.subarray(0, chance(bytes.length)) : bytes;
    };
    const send = (bytes: Buffer) =>
      new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
        socket
          .on('error', () => undefined)
          .on('close', () => resolve())
          .resume();
        socket.setTimeout(1_000, () => socket.destroy());
      });
    for (let round = 0; round < 100; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, () => send(mutate(wellFormed[chance(wellFormed.length)] ?? ''))),
      );
    }
    const usage = await fixture.call('/v1/resource/backup/usage', { userid: 'a', token: 'b' });
    expect(usage.code).toBe(506);
  });
});
