import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTicks } from '../engine/run-file.ts';
import { Bench, newRequestId } from '../testing/bench.ts';
import { at, hashOf, restoreRequest, restoreTo, seeded, times, type Taken } from '../testing/proof-bench.ts';
import type { CountingServer } from '../testing/counting-server.ts';
import { openRestServer } from '../testing/rest-server.ts';
import { openS3Server } from '../testing/s3-server.ts';

const STOPS = times(1);
/** restic fetches five packs at once and loses those it has not fetched whole: of so little that is much. */
const isFull = STOPS > 1;
const FILES = isFull ? 2_000 : 80;
const FILE_BYTES = 500_000;
const PACK_MEBIBYTES = isFull ? 16 : 4;

describe('a restore that is interrupted', () => {
  const bench = new Bench();
  const source = at(bench, 'source');
  const target = at(bench, 'target');
  let server: CountingServer;
  let s3: CountingServer;
  let taken: Taken;
  let onceBytes = 0;

  const staging = () => readdirSync(bench.root).filter((name) => name.startsWith('.olares-restore-'));
  const request = (what: object = {}) =>
    restoreRequest(taken, { target, access: bench.at(server.address).access, ...what });
  const s3Access = () => {
    const path = at(bench, 'keys.ini');
    writeFileSync(path, 'aws_access_key_id = any\naws_secret_access_key = any\n', { mode: 0o600 });
    return { ...bench.at(s3.address).access, credentials: { kind: 'file', path } as const };
  };
  /** Fetches this share of the data, then is stopped in this way. */
  const interrupted = async (
    asked: ReturnType<typeof request>,
    share: number,
    keep: boolean,
    storage = server,
  ) => {
    const stop = storage.fetched + onceBytes * share;
    return await bench.ask<'restore'>(asked, {
      onOutput(_output, input) {
        void storage
          .reached(stop)
          .then(() => input.write(`${JSON.stringify({ type: 'cancel', ...(keep && { keep }) })}\n`));
      },
    });
  };
  const forgetCache = () => rmSync(join(bench.stateDir, 'cache'), { recursive: true, force: true });

  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(source);
    for (let n = 0; n < FILES; n += 1) writeFileSync(join(source, `file${n}`), randomBytes(FILE_BYTES));
    const lines = bench
      .restic(['backup', `--pack-size=${PACK_MEBIBYTES}`, source])
      .trim()
      .split('\n');
    taken = {
      bench,
      source,
      snapshotId: (JSON.parse(lines.at(-1) ?? '') as { snapshot_id: string }).snapshot_id,
    };
    server = await openRestServer(bench.repository);
    s3 = await openS3Server(bench.repository);
    server.delayMs = s3.delayMs = 5;
    forgetCache();
    const asked = request();
    bench.grant(asked);
    expect((await bench.ask<'restore'>(asked)).error).toBeUndefined();
    onceBytes = server.fetched;
  });
  beforeEach(() => {
    rmSync(target, { recursive: true, force: true });
    forgetCache();
    server.fetched = s3.fetched = 0;
  });
  afterAll(async () => {
    await Promise.all([server.close(), s3.close()]);
    bench[Symbol.dispose]();
  });

  it.each(['REST', 'S3'] as const)(
    `goes on without another password, and fetches little of it again over %s, ${STOPS} times`,
    async (kind) => {
      const chance = seeded(11);
      const storage = kind === 'S3' ? s3 : server;
      let most = 0;
      for (let run = 0; run < STOPS; run += 1) {
        rmSync(target, { recursive: true, force: true });
        forgetCache();
        storage.fetched = 0;
        const asked = request(kind === 'S3' ? { access: s3Access() } : {});
        bench.grant(asked);
        const { error } = await interrupted(asked, 0.6 + chance(30) / 100, true, storage);
        expect(error).toMatchObject({ code: 'cancelled' });
        expect(existsSync(target)).toBe(false);
        expect(staging()).toHaveLength(1);
        const again = await bench.ask<'restore'>(asked);
        expect(again.error).toBeUndefined();
        expect(again.result.resumedBytes).toBeGreaterThan(0);
        expect(hashOf(target)).toBe(hashOf(source));
        expect(staging()).toEqual([]);
        most = Math.max(most, storage.fetched / onceBytes);
      }
      process.stdout.write(
        `${STOPS} interrupted restores of ${(FILES * FILE_BYTES) / 1e6} MB over ${kind}: ` +
          `${most.toFixed(3)} times the bytes of one at most\n`,
      );
      expect(most).toBeGreaterThanOrEqual(1);
      expect(most).toBeLessThanOrEqual(isFull ? 1.1 : 1.6);
    },
    600_000,
  );

  it('fetches nothing before the password is proven', async () => {
    s3.fetchedBeside = 0;
    const access = s3Access();
    expect((await bench.ask<'restore'>(request({ access }))).error).toMatchObject({ code: 'refused' });
    expect(s3).toMatchObject({ fetched: 0, fetchedBeside: 0 });
    expect(staging()).toEqual([]);
  });

  it('goes on after a reboot, when another process has the number of its helper', async () => {
    const asked = request();
    bench.grant(asked);
    await interrupted(asked, 0.75, true);
    const path = join(bench.stateDir, 'run', 'staged', `${asked.requestId}.json`);
    const record = JSON.parse(readFileSync(path, 'utf8')) as object;
    const living = { ...record, pid: process.ppid, startTicks: startTicks(process.ppid) };
    writeFileSync(path, JSON.stringify(living));
    const { error } = await bench.ask<'restore'>(asked);
    expect(error).toMatchObject({ code: 'conflict', message: 'this restore is running already' });
    writeFileSync(path, JSON.stringify({ ...living, bootId: 'of another boot' }));
    const { result } = await bench.ask<'restore'>(asked);
    expect(result.resumedBytes).toBeGreaterThan(0);
    expect(hashOf(target)).toBe(hashOf(source));
  });

  it('leaves nothing when a person cancels it', async () => {
    const asked = request();
    bench.grant(asked);
    expect((await interrupted(asked, 0.3, false)).error).toMatchObject({ code: 'cancelled' });
    expect(staging()).toEqual([]);
    expect((await bench.ask<'restore'>(asked)).error).toMatchObject({ code: 'refused' });
  });

  it('asks for the password again when what was typed has run out, and still has what was fetched', async () => {
    const asked = request();
    bench.grant(asked);
    await interrupted(asked, 0.75, true);
    const clock = () => Date.now() + 120_000;
    const late = await bench.ask<'restore'>(asked, { clock });
    expect(late.error).toMatchObject({
      code: 'refused',
      hint: expect.stringContaining('type it again') as string,
    });
    expect(staging()).toHaveLength(1);
    bench.grant(asked);
    const { result } = await bench.ask<'restore'>(asked);
    expect(result.resumedBytes).toBeGreaterThan(0);
  });

  it('begins anew when another choice is made, and when its directory was exchanged', async () => {
    const asked = request();
    bench.grant(asked);
    await interrupted(asked, 0.75, true);
    const [name = ''] = staging();
    // By somebody who may write beside the target: what he puts there is neither used nor removed.
    renameSync(join(bench.root, name), at(bench, 'away'));
    mkdirSync(join(bench.root, name, 'content'), { recursive: true, mode: 0o700 });
    writeFileSync(join(bench.root, name, 'content', 'planted'), '');
    const refused = await bench.ask<'restore'>(asked);
    expect(refused.error).toMatchObject({ code: 'refused' });
    expect(readdirSync(join(bench.root, name, 'content'))).toEqual(['planted']);
    rmSync(join(bench.root, name), { recursive: true });
    rmSync(at(bench, 'away'), { recursive: true });

    const fresh = { ...request(), requestId: newRequestId() };
    bench.grant(fresh);
    await interrupted(fresh, 0.75, true);
    const other = { ...fresh, choice: { include: [join(source, 'file1')] } };
    const { result } = await bench.ask<'restore'>(other);
    expect(result).toMatchObject({ filesRestored: 1 });
    expect(result.resumedBytes).toBeUndefined();
    expect(readdirSync(target)).toEqual(['file1']);
  });

  it('is shown with its space, and cleared away when nobody wants it or it is too old', async () => {
    const asked = request();
    bench.grant(asked);
    await interrupted(asked, 0.75, true);
    const staged = (keep: string[], clock = Date.now) =>
      bench.ask<'restore-staged'>({ verb: 'restore-staged', keep }, { clock });
    const { result } = await staged([asked.requestId]);
    expect(result).toMatchObject([
      { requestId: asked.requestId, path: join(bench.root, staging()[0] ?? '') },
    ]);
    expect(result[0]?.bytes).toBeGreaterThan(FILE_BYTES);
    expect((await staged([asked.requestId], () => Date.now() + 8 * 86_400_000)).result).toEqual([]);
    expect(staging()).toEqual([]);

    bench.grant(asked);
    await interrupted(asked, 0.75, true);
    expect((await staged([])).result).toEqual([]);
    expect(staging()).toEqual([]);
    const { error } = await restoreTo(taken, { target });
    expect(error).toBeUndefined();
  });
});
