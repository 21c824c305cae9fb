import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../../contract/index.ts';
import { TestSystem } from '../harness/system.ts';
import { REST_SERVER, sayMissing, startRestServer } from '../harness/test-servers.ts';

sayMissing({ 'rest-server': REST_SERVER });

const MIB = 1024 * 1024;

/** A plain TCP proxy that notes when how much came from the agent. */
async function meter(target: number) {
  const marks: { at: number; bytes: number }[] = [];
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    client.on('data', (chunk: Buffer) => marks.push({ at: performance.now(), bytes: chunk.length }));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => (client.destroy(), upstream.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    /** MiB per second over the middle of the upload: its beginning and end are restic's own business. */
    rate(): number {
      const total = marks.reduce((sum, { bytes }) => sum + bytes, 0);
      let sum = 0;
      const middle = marks.filter(({ bytes }) => (sum += bytes) > total * 0.1 && sum < total * 0.9);
      const bytes = middle.slice(1).reduce((all, mark) => all + mark.bytes, 0);
      return bytes / MIB / (((middle.at(-1)?.at ?? 0) - (middle[0]?.at ?? 0)) / 1000);
    },
    reset: () => void marks.splice(0),
    close: () => server.close(),
  };
}

test.skipIf(REST_SERVER === undefined)(
  'an upload obeys the limit of the hour, and a fixed one, within 15 %',
  async () => {
    await using system = new TestSystem({});
    await system.startSpace();
    await system.startDaemon();
    await using rest = await startRestServer(join(system.dir, 'rest'), {
      user: { name: 'ann', password: 'secret' },
    });
    const meters = await meter(rest.port);
    const keys = system.file('keys', 'username = ann\npassword = secret\n');
    const source = system.folder('source');
    writeFileSync(join(source, 'noise'), randomBytes(8 * MIB));
    const where = ['--location', `rest:http://127.0.0.1:${meters.port}/ann`, '--credentials-file', keys];
    const byTheHour = ['--limit-upload', '00:00-12:00 2M', '--limit-upload', '12:00-00:00 2M'];
    await system.addPlan('limited', [source], [...where, ...byTheHour]);
    const rates: number[] = [];
    for (const change of [[], ['--limit-upload', '2M']]) {
      if (change.length > 0) await system.done(['plan', 'edit', 'limited', ...change]);
      writeFileSync(join(source, 'noise'), randomBytes(8 * MIB));
      meters.reset();
      expect(await system.json<Job>(['backup', 'limited'])).toMatchObject({ state: 'succeeded' });
      rates.push(meters.rate());
    }
    meters.close();
    process.stderr.write(
      `upload at a limit of 2 MiB/s: ${rates.map((rate) => rate.toFixed(2)).join(', ')} MiB/s\n`,
    );
    for (const rate of rates) expect(Math.abs(rate - 2)).toBeLessThan(2 * 0.15);
  },
);
