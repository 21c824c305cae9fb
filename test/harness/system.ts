import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../contract/index.ts';
import { createApiClient, type ApiClient, type Job, type Plan } from '../../contract/index.ts';
import { createTransport } from '../../cli/transport.ts';
import { runProgram, startProgram } from '../../scripts/start/processes.mjs';
import type { SpaceFaults } from '../../space/faults.ts';
import { openSpace, type SpaceServer } from '../../space/server.ts';
import { temporaryDir } from './temporary-dir.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PASSWORD = 'correct horse battery staple 42';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SystemOptions {
  readonly quotaBytes?: number;
  readonly faults?: SpaceFaults;
  /** Where the Space says it is, for one behind a proxy. */
  readonly publicUrl?: string;
  /** Settings file of the agent. */
  readonly config?: object;
  /** Serve the page on a free port. */
  readonly page?: boolean;
  /** Environment of the daemon beside the test's own. */
  readonly env?: Record<string, string>;
  /** Of the agent, when it is to be elsewhere than in the system's directory. */
  readonly stateDir?: string;
  /** The daemon's user, for tests that root runs. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** A whole system: the Space in this process, the agent and its CLI as the built programs. */
export class TestSystem {
  /** The local API without the cost of a CLI process. */
  readonly api: ApiClient;
  readonly dir: string;
  readonly stateDir: string;
  readonly passwordFile: string;
  space!: SpaceServer;
  #daemon: Awaited<ReturnType<typeof startProgram>> | undefined;
  readonly #options: SystemOptions;
  readonly #temporary = temporaryDir('system');

  constructor(options: SystemOptions) {
    this.#options = options;
    this.dir = this.#temporary.path;
    this.stateDir = options.stateDir ?? join(this.dir, 'agent');
    this.passwordFile = this.file('password', `${PASSWORD}\n`);
    const place = {
      stateDir: this.stateDir,
      socketDirs: [join(this.stateDir, 'run')],
      startCommand: 'olares-backupd',
    };
    this.api = createApiClient(createTransport({ place, version: '0.0.0', onVersion: () => undefined }));
  }

  static async start(options: SystemOptions = {}): Promise<TestSystem> {
    const system = new TestSystem(options);
    await system.startSpace();
    await system.startDaemon();
    return system;
  }

  /** With the machine paired. */
  static async paired(options: SystemOptions = {}): Promise<TestSystem> {
    const system = await TestSystem.start(options);
    const { code } = system.space.createPairingCode('alice@olares.com');
    await system.done(['login', '--space', system.space.url, '--code', code]);
    return system;
  }

  /** A file (0600) in the system's directory. */
  file(name: string, content: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  async startSpace(port = 0): Promise<void> {
    const { quotaBytes, faults, publicUrl } = this.#options;
    this.space = await openSpace({
      dataDir: join(this.dir, 'space'),
      port,
      clock: Date.now,
      random: randomBytes,
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
      ...(faults === undefined ? {} : { faults }),
      ...(publicUrl === undefined ? {} : { publicUrl }),
    });
  }

  async startDaemon(): Promise<{ page: string | null }> {
    const { config, page, env = {}, user } = this.#options;
    if (user) this.#handOver(user);
    const args = ['--state-dir', this.stateDir, '--http', page ? '127.0.0.1:0' : 'off'];
    if (config) args.push('--config', this.file('config.json', JSON.stringify(config)));
    this.#daemon = await startProgram({
      root: ROOT,
      name: 'olares-backupd',
      args,
      env,
      ...(user && { user }),
      log: this.#log(),
    });
    return this.#daemon.ready as unknown as { page: string | null };
  }

  #handOver({ uid, gid }: { uid: number; gid: number }): void {
    chmodSync(this.dir, 0o711);
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    chownSync(this.stateDir, uid, gid);
  }

  /** What the daemon printed, one line each. */
  readonly output: string[] = [];

  #log() {
    return { write: (line: string) => void this.output.push(line.trimEnd()) };
  }

  get daemonPid(): number {
    return this.#daemon?.child.pid ?? -1;
  }

  get pageUrl(): string {
    return String((this.#daemon?.ready as { page?: string } | undefined)?.page);
  }

  /** SIGKILL: what a crash or a power button does to the process. */
  async killDaemon(): Promise<void> {
    const child = this.#daemon?.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Where the agent keeps what is there only while it runs. */
  get runDir(): string {
    return join(this.stateDir, 'run');
  }

  /** SIGTERM. @returns the exit code */
  async stopDaemon(): Promise<number | null> {
    return (await this.#daemon?.stop()) ?? null;
  }

  async cli(args: string[], input?: string): Promise<Outcome> {
    const all = ['--state-dir', this.stateDir, ...args];
    return await runProgram({
      root: ROOT,
      name: 'olares-backup',
      args: all,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** The CLI's result as JSON; anything but exit code 0 fails the test. */
  async json<T>(args: string[]): Promise<T> {
    return JSON.parse((await this.done([...args, '--json'])).stdout) as T;
  }

  async done(args: string[], input?: string): Promise<Outcome> {
    const outcome = await this.cli(args, input);
    if (outcome.code === 0) return outcome;
    throw new Error(
      `olares-backup ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`,
    );
  }

  async addPlan(name: string, paths: string[], more: string[] = []): Promise<Plan> {
    const sources = paths.flatMap((path) => ['--path', path]);
    await this.done([
      'plan',
      'add',
      name,
      ...sources,
      '--schedule',
      'manual',
      '--password-file',
      this.passwordFile,
      '--yes',
      ...more,
    ]);
    return await this.json<Plan>(['plan', 'show', name]);
  }

  status(): Promise<Status> {
    return this.json<Status>(['status']);
  }

  jobs(): Promise<Job[]> {
    return this.json<Job[]>(['job', 'list']);
  }

  /** A directory for sources; made. */
  folder(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopDaemon();
    await this.space.close();
    this.#temporary[Symbol.dispose]();
  }
}
