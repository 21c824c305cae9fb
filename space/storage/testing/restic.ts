import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TemporaryCredentials } from '../storage.ts';

/** A restic to run for a test: the one named, the project's own, or that of PATH. */
export function resticBinary(env: Record<string, string | undefined>): string {
  const own = path.resolve(import.meta.dirname, '../../../.tools/bin/restic');
  return env['RESTIC_BIN'] ?? (existsSync(own) ? own : 'restic');
}

export interface ResticResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real restic with temporary credentials and a cache of its own. */
export class ResticRunner implements AsyncDisposable {
  readonly home: string;
  /** The directory restic runs in: `backup .` there records no parent whose times change under the test. */
  readonly source: string;
  readonly #binary: string;

  private constructor(home: string, binary: string) {
    this.home = home;
    this.source = path.join(home, 'source');
    this.#binary = binary;
  }

  static async create(binary: string): Promise<ResticRunner> {
    const runner = new ResticRunner(await mkdtemp(path.join(tmpdir(), 'space-restic-')), binary);
    await mkdir(runner.source);
    return runner;
  }

  start(
    repository: string,
    credentials: TemporaryCredentials,
    args: string[],
  ): { child: ChildProcess; done: Promise<ResticResult> } {
    const env = {
      HOME: this.home,
      RESTIC_CACHE_DIR: path.join(this.home, 'cache'),
      RESTIC_PASSWORD: 'a test needs no secret',
      RESTIC_REPOSITORY: `s3:${repository}`,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    };
    const child = spawn(this.#binary, args, { cwd: this.source, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const result: ResticResult = { exitCode: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (result.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (result.stderr += text.toString()));
    const done = new Promise<ResticResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode) => resolve({ ...result, exitCode }));
    });
    return { child, done };
  }

  run(repository: string, credentials: TemporaryCredentials, args: string[]): Promise<ResticResult> {
    return this.start(repository, credentials, args).done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
