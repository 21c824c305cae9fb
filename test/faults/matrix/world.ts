import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { HealthCondition, Job } from '../../../contract/index.ts';
import { makeCertificate } from '../../harness/certificates.ts';
import { eventually } from '../../harness/eventually.ts';
import { FaultProxy, type Fault, type Gate, type Strike, type Target } from '../../harness/fault-proxy.ts';
import { ROOT, TestSystem } from '../../harness/system.ts';
import { temporaryDir } from '../../harness/temporary-dir.ts';

export const PLAN = 'photos';
export const OTHER_PLAN = 'music';
/** Enough to be uploaded, little enough to cost nothing. */
const SOURCE_BYTES = 100_000;
const CONFIG = {
  jobs: { retryBaseMs: 800, retryMaxMs: 1_500 },
  spaceLink: { reconnectBaseMs: 50, reconnectMaxMs: 400 },
};

/** An agent and its Space with proxies between them, in which one cell of the matrix happens after the other. */
export class MatrixWorld implements AsyncDisposable {
  readonly system: TestSystem;
  readonly #space: FaultProxy;
  /** The same as Space's but where certificates matter. */
  readonly #storage: FaultProxy;
  readonly #source: string;
  readonly #temporary: Disposable;
  #changes = 0;

  private constructor(parts: {
    system: TestSystem;
    space: FaultProxy;
    storage: FaultProxy;
    temporary: Disposable;
  }) {
    this.system = parts.system;
    this.#space = parts.space;
    this.#storage = parts.storage;
    this.#temporary = parts.temporary;
    this.#source = this.system.folder('source');
  }

  /** @param isEncrypted with certificates, which may then be wrong */
  static async start(isEncrypted: boolean): Promise<MatrixWorld> {
    const temporary = temporaryDir('matrix');
    const tls = isEncrypted ? encryption(temporary.path) : undefined;
    const space = await FaultProxy.start(tls?.proxy);
    const storage = tls ? await FaultProxy.start(tls.proxy) : space;
    const system = new TestSystem({ publicUrl: space.url, config: CONFIG, ...(tls && { env: tls.env }) });
    await system.startSpace();
    for (const proxy of [space, storage]) {
      proxy.forwardTo(system.space.port);
      system.space.allowHost(`127.0.0.1:${proxy.port}`);
    }
    if (tls) space.storageUrl = storage.url;
    await system.startDaemon();
    const world = new MatrixWorld({ system, space, storage, temporary });
    await world.signIn();
    world.changeSource();
    await system.addPlan(PLAN, [world.#source]);
    return world;
  }

  strike(target: Target, fault: Fault): Strike {
    if (fault === 'expired token') this.#endTokens(target);
    return (target.startsWith('storage') ? this.#storage : this.#space).strike(target, fault);
  }

  holdUploads(): Gate {
    return this.#storage.holdUploads();
  }

  set keyLifeSeconds(seconds: number | undefined) {
    this.#space.keyLifeSeconds = seconds;
  }

  changeSource(): void {
    this.#changes += 1;
    writeFileSync(join(this.#source, 'file'), randomBytes(SOURCE_BYTES));
  }

  /** A change of the plan that Space is told. */
  async changePlan(): Promise<void> {
    this.#changes += 1;
    const body = { excludes: [`*.old${this.#changes}`] };
    await this.system.api.call('changePlan', { params: { plan: PLAN }, body });
  }

  async addOtherPlan(): Promise<void> {
    const plans = await this.system.api.call('listPlans');
    if (!plans.some(({ name }) => name === OTHER_PLAN)) await this.system.addPlan(OTHER_PLAN, [this.#source]);
  }

  async signIn(): Promise<void> {
    const { code } = this.system.space.createPairingCode('alice@olares.com');
    await this.system.api.call('login', { body: { spaceUrl: this.#space.url, code } });
  }

  /** So that storage keys are asked for anew. */
  async restartDaemon(): Promise<void> {
    await this.system.stopDaemon();
    await this.system.startDaemon();
  }

  /** So that usage is asked for anew. */
  async forgetUsage(): Promise<void> {
    await this.system.stopDaemon();
    using db = openDatabase(join(this.system.stateDir, 'agent.db'));
    db.open.prepare("DELETE FROM facts WHERE key = 'usage.space'").run();
    await this.system.startDaemon();
  }

  /** But for the one that has nothing to do with faults: tests make plans without recovery words. */
  async conditions(): Promise<HealthCondition[]> {
    const all = await this.system.api.call('listHealth');
    return all.filter(({ code }) => code !== 'recovery_key_missing');
  }

  async job(id: string): Promise<Job> {
    return await this.system.api.call('getJob', { params: { job: id } });
  }

  /** Nothing is wrong, the link stands, and Space was told all. */
  async wellAgain(): Promise<void> {
    await this.wellAgainBut();
  }

  /** @param but a condition that only the next good snapshot ends */
  async wellAgainBut(but?: string): Promise<void> {
    await eventually(
      async () => {
        const { link, account } = await this.system.api.call('getStatus');
        const isLinked = link?.state === 'live' && link.pendingReports === 0;
        return (
          isLinked &&
          account?.state === 'signed-in' &&
          (await this.conditions()).every(({ code }) => code === but)
        );
      },
      'all well again',
      60_000,
    ).catch(async (error: unknown) => {
      const { link } = await this.system.api.call('getStatus');
      throw new Error(`${String(error)}: ${JSON.stringify([link, await this.conditions()])}`);
    });
  }

  /** Final reports of a job that Space took; told again it answers "exists already". */
  finalReports(jobId: string): string[] {
    return this.system.space.state.records
      .receipts()
      .filter(({ call, subject, code }) => call === 'snapshotSave' && subject === jobId && code === 200)
      .map(({ status }) => status)
      .filter((status) => status !== 'Pending');
  }

  #endTokens(target: Target): void {
    using db = openDatabase(join(this.system.dir, 'space', 'space.db'));
    if (target === 'STS refresh') db.open.prepare('DELETE FROM storage_keys').run();
    else if (!target.startsWith('storage')) db.open.prepare('UPDATE tokens SET expires_at = 0').run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#space[Symbol.asyncDispose]();
    if (this.#storage !== this.#space) await this.#storage[Symbol.asyncDispose]();
    await this.system[Symbol.asyncDispose]();
    this.#temporary[Symbol.dispose]();
  }
}

function openDatabase(path: string): Disposable & { readonly open: Database.Database } {
  const open = new Database(path);
  return { open, [Symbol.dispose]: () => open.close() };
}

/** Agent, helper and restic each learn in their own way whom to trust. */
function encryption(dir: string) {
  const good = makeCertificate(dir, 'good');
  const wrong = makeCertificate(dir, 'wrong');
  const restic = process.env['RESTIC_BIN'] ?? join(ROOT, '.tools/bin/restic');
  const helper = join(ROOT, 'dist/olares-backup-helper.mjs');
  return {
    proxy: { certificate: good, wrongCertificate: wrong },
    env: {
      NODE_EXTRA_CA_CERTS: good.file,
      RESTIC_BIN: script(join(dir, 'restic'), `SSL_CERT_FILE='${good.file}' exec '${restic}' "$@"`),
      OLARES_BACKUP_HELPER: script(
        join(dir, 'helper'),
        `NODE_EXTRA_CA_CERTS='${good.file}' exec '${process.execPath}' '${helper}' "$@"`,
      ),
    },
  };
}

function script(path: string, line: string): string {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o700);
  return path;
}
