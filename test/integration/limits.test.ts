import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { makeAuthority, type Authority } from '../harness/certificates.ts';
import { TestSystem } from '../harness/system.ts';
import {
  REST_SERVER,
  S3RVER,
  S3RVER_KEYS,
  sayMissing,
  startRestServer,
  startS3rver,
} from '../harness/test-servers.ts';

sayMissing({ 'rest-server': REST_SERVER, s3rver: S3RVER });

const MIB = 1024 * 1024;
const SIZE = 6 * MIB;
/** MiB per second. */
const LIMIT = 4;
/** This machine by a name that Go does not take for it: restic goes there through a SOCKS proxy, as to any other host. */
const FAR = '0.0.0.0';

let system: TestSystem;
let source: string;
let authority: Authority;
beforeAll(async () => {
  system = await TestSystem.start();
  source = system.folder('source');
  authority = makeAuthority(system.dir, 'authority');
});
afterAll(async () => await system[Symbol.asyncDispose]());

interface Mark {
  readonly at: number;
  readonly bytes: number;
}

/** A plain TCP proxy that notes when how much was sent, and how long it took to be fetched. */
async function meter(target: number) {
  const sent: Mark[] = [];
  const fetched: number[][] = [];
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let down = 0;
    let firstAt = 0;
    client.on('data', ({ length }: Buffer) => sent.push({ at: performance.now(), bytes: length }));
    upstream.on('data', ({ length }: Buffer) => ((down += length), (firstAt ||= performance.now())));
    // What comes waits in buffers of the kernel: only its end tells that all of it was taken.
    client.once('close', () => fetched.push([down, down / MIB / ((performance.now() - firstAt) / 1000)]));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => (client.destroy(), upstream.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    reset: () => void sent.splice(0),
    sendRate: () => rateOf(sent),
    /** Of the connection over which most came. */
    fetchRate: () => fetched.toSorted(([a = 0], [b = 0]) => b - a)[0]?.[1] ?? 0,
    [Symbol.dispose]: () => void server.close(),
  };
}

/** MiB per second over the middle of a transfer: its beginning and end are restic's own business. */
function rateOf(marks: readonly Mark[]): number {
  const total = marks.reduce((sum, { bytes }) => sum + bytes, 0);
  let sum = 0;
  const middle = marks.filter(({ bytes }) => (sum += bytes) > total * 0.1 && sum < total * 0.9);
  const bytes = middle.slice(1).reduce((all, mark) => all + mark.bytes, 0);
  return bytes / MIB / (((middle.at(-1)?.at ?? 0) - (middle[0]?.at ?? 0)) / 1000);
}

function say(what: string, rate: number): number {
  process.stderr.write(`${what} at a limit of ${LIMIT} MiB/s: ${rate.toFixed(2)} MiB/s\n`);
  return rate;
}

const expectLimit = (what: string, rate: number): void =>
  expect(Math.abs(say(what, rate) - LIMIT)).toBeLessThan(LIMIT * 0.15);

async function backUp(plan: string): Promise<Buffer> {
  const noise = randomBytes(SIZE);
  writeFileSync(join(source, 'noise'), noise);
  expect(await system.json<Job>(['backup', plan])).toMatchObject({ state: 'succeeded' });
  return noise;
}

test.skipIf(REST_SERVER === undefined)(
  'an upload to a REST server obeys the limit of the hour, and a fixed one through the proxy',
  async () => {
    const user = { name: 'ann', password: 'secret' };
    await using rest = await startRestServer(join(system.dir, 'rest'), { user });
    using meters = await meter(rest.port);
    const keys = ['--credentials-file', system.file('keys', 'username = ann\npassword = secret\n')];
    const at = (host: string) => ['--location', `rest:http://${host}:${meters.port}/ann`, ...keys];
    const byTheHour = ['00:00-12:00', '12:00-00:00'].flatMap((time) => [
      '--limit-upload',
      `${time} ${LIMIT}M`,
    ]);
    await Promise.all([
      system.addPlan('near', [source], [...at('127.0.0.1'), ...byTheHour]),
      system.addPlan('far', [source], [...at(FAR), '--limit-upload', `${LIMIT}M`]),
    ]);
    for (const plan of ['near', 'far']) {
      meters.reset();
      await backUp(plan);
      expectLimit(`upload to REST, ${plan}`, meters.sendRate());
    }
  },
);

test.skipIf(S3RVER === undefined)(
  'what goes to and comes from an S3 over TLS obeys the limit through the proxy',
  async () => {
    const tls = authority.issue('s3rver', `IP:${FAR}`);
    await using server = await startS3rver(join(system.dir, 's3rver'), 'ours', tls);
    using meters = await meter(server.port);
    const keys = ['--credentials-file', system.file('s3-keys', S3RVER_KEYS), '--ca-file', authority.file];
    const limits = ['--limit-upload', `${LIMIT}M`, '--limit-download', `${LIMIT}M`];
    const at = ['--location', `s3:https://${FAR}:${meters.port}/ours`, ...keys, ...limits];
    await system.addPlan('s3', [source], at);
    meters.reset();
    const noise = await backUp('s3');
    expectLimit('upload to S3', meters.sendRate());
    const target = join(system.dir, 'back');
    const restore = ['restore', 'latest', '--plan', 's3', '--target', target, '--yes'];
    await system.done([...restore, '--password-file', system.passwordFile]);
    const rate = say('download from S3, with the pauses of restic,', meters.fetchRate());
    expect(rate).toBeLessThan(LIMIT * 1.15);
    expect(rate).toBeGreaterThan(LIMIT * 0.5);
    expect(readFileSync(join(target, 'noise')).equals(noise)).toBe(true);
  },
);
