import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ErrorBody } from '../../contract/errors.ts';
import {
  VERB_PROGRAMS,
  type Capsule,
  type HelperOutput,
  type HelperRequest,
  type HelperRequestOf,
  type HelperResultOf,
  type HelperVerb,
  type RepositoryAccess,
  type SecretMessage,
  type SecretVerdict,
} from '../../contract/helper-messages.ts';
import { lightKeyFile } from '../engine/light-key.ts';
import { readLines } from '../engine/lines.ts';
import { createPrivateFileSync } from '../state-files.ts';
import { serve } from '../protocol.ts';
import { handle } from '../verbs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const MACHINE_KEY = Buffer.alloc(32, 7).toString('base64');
export const HOST = 'machine-1';

/** The restic that tests run: as the programs find it. */
export const RESTIC =
  [process.env['RESTIC_BIN'], join(ROOT, '.tools/bin/restic')].find((path) => path && existsSync(path)) ??
  'restic';

export interface Answer<V extends HelperVerb> {
  readonly result: HelperResultOf<V>;
  readonly error: ErrorBody;
  readonly outputs: readonly HelperOutput[];
  readonly verdict: SecretVerdict | undefined;
}

export interface AskOptions {
  readonly secret?: SecretMessage;
  /** Called for each output line; may answer on the helper's input. */
  readonly onOutput?: (output: HelperOutput, input: PassThrough) => void;
  readonly stop?: AbortSignal;
  readonly clock?: () => number;
}

/** A state directory, a directory repository and the helper's programs, in this process. */
export class Bench {
  readonly root = mkdtempSync(join(tmpdir(), 'helper-'));
  readonly stateDir = join(this.root, 'state');
  readonly repository = join(this.root, 'repository');
  readonly common: { access: RepositoryAccess; host: string };

  constructor() {
    mkdirSync(this.stateDir, { mode: 0o700 });
    this.common = this.at(this.repository);
  }

  at(address: string): { access: RepositoryAccess; host: string } {
    return { access: { address, options: {}, credentials: { kind: 'none' } }, host: HOST };
  }

  /** A repository that the machine's light key opens, as after arming, without its cost. */
  async makeRepository(): Promise<void> {
    createPrivateFileSync(join(this.stateDir, 'keys', 'machine.key'), MACHINE_KEY);
    this.restic(['init']);
    const keys = join(this.repository, 'keys');
    const [first = ''] = readdirSync(keys);
    const secret = Buffer.from(MACHINE_KEY);
    const light = await lightKeyFile(this.restic(['cat', 'masterkey']), { secret, createdAt: Date.now() });
    writeFileSync(join(keys, light.id), light.content);
    rmSync(join(keys, first), { force: true });
  }

  /** Plain restic on the bench's repository. */
  restic(args: readonly string[], password = MACHINE_KEY): string {
    const env = {
      PATH: process.env['PATH'],
      HOME: this.root,
      RESTIC_PASSWORD: password,
      RESTIC_CACHE_DIR: join(this.root, 'plain-cache'),
    };
    return execFileSync(RESTIC, ['--repo', this.repository, '--json', ...args], {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: 'pipe',
    });
  }

  channelPath(): string {
    return join(this.stateDir, 'run', `${randomBytes(4).toString('hex')}.sock`);
  }

  /** The keys as they lie in the repository. */
  capsule(): Capsule {
    const folder = join(this.repository, 'keys');
    const keys = readdirSync(folder).map((id) => ({
      id,
      role: 'user' as const,
      content: readFileSync(join(folder, id), 'base64'),
    }));
    return {
      repositoryId: 'a'.repeat(64),
      config: readFileSync(join(this.repository, 'config'), 'base64'),
      keys,
    };
  }

  /** Lets a restore run without typing: what keycheck leaves. */
  grant(request: Granted): void {
    writeGrantFile(this.stateDir, request);
  }

  async ask<V extends HelperVerb>(request: HelperRequestOf<V>, options: AskOptions = {}): Promise<Answer<V>> {
    const input = new PassThrough();
    const output = new PassThrough();
    const outputs: HelperOutput[] = [];
    const verdict: { promise: Promise<SecretVerdict> | undefined } = { promise: undefined };
    const read = readLines(output, (line) => {
      const message = JSON.parse(line) as HelperOutput;
      outputs.push(message);
      options.onOutput?.(message, input);
      if (message.type === 'ready' && options.secret && 'channelPath' in request) {
        verdict.promise = typeSecret(request.channelPath ?? '', options.secret);
      }
    });
    input.write(`${JSON.stringify(request)}\n`);
    await serve({
      program: VERB_PROGRAMS[request.verb],
      stateDir: this.stateDir,
      clock: options.clock ?? Date.now,
      stop: options.stop ?? new AbortController().signal,
      input,
      output,
      handle: (asked: HelperRequest, session) => handle(asked, session),
      places: {
        resticBin: RESTIC,
        path: process.env['PATH'] ?? '',
        packageRoot: ROOT,
        credentialsDirectory: undefined,
      },
    });
    await read;
    const last = outputs.at(-1) as unknown as { result: HelperResultOf<V>; error: ErrorBody };
    return { result: last.result, error: last.error, outputs, verdict: await verdict.promise };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

type Granted = Pick<HelperRequestOf<'restore'>, 'requestId' | 'snapshotId' | 'target'>;

export function writeGrantFile(stateDir: string, { requestId, snapshotId, target }: Granted): void {
  const grant = { requestId, snapshotId, target, expiresAt: Date.now() + 60_000, keyId: 'b'.repeat(64) };
  createPrivateFileSync(join(stateDir, 'grants', `${requestId}.json`), JSON.stringify(grant));
}

/** What the terminal does: one line in, one line out. */
export function typeSecret(path: string, secret: unknown): Promise<SecretVerdict> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(JSON.parse(text) as SecretVerdict)).on('error', reject);
    socket.write(`${JSON.stringify(secret)}\n`);
  });
}

let requests = 0;
export const newRequestId = (): string =>
  `00000000-0000-4000-8000-${String((requests += 1)).padStart(12, '0')}`;
