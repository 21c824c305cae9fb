import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpaceFaults } from '../faults.ts';
import { openSpace, type SpaceOptions, type SpaceServer } from '../server.ts';

export interface TestSpace {
  space: SpaceServer;
  readonly faults: SpaceFaults;
  /** Shifts the Space's clock, ms. */
  advance(ms: number): void;
  /** With these options in place of those it was started with. */
  restart(change?: Partial<SpaceOptions>): Promise<void>;
  /** A call as the real agent makes it: the fields by plain string formatting. */
  call(path: string, fields: Readonly<Record<string, string | number>>): Promise<Answer>;
  post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Answer {
  readonly code: number;
  readonly message: string;
  // What is asserted on differs from call to call.
  readonly data: Readonly<Record<string, unknown>> | null;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export async function startTestSpace(options: Partial<SpaceOptions> = {}): Promise<TestSpace> {
  const dataDir = await mkdtemp(join(tmpdir(), 'space-test-'));
  const faults = new SpaceFaults();
  let shiftMs = 0;
  const open = (change: Partial<SpaceOptions> = {}) =>
    openSpace({ dataDir, clock: () => Date.now() + shiftMs, faults, ...options, ...change });
  const fixture: TestSpace = {
    space: await open(),
    faults,
    advance: (ms) => {
      shiftMs += ms;
    },
    async restart(change) {
      await fixture.space.close();
      fixture.space = await open(change);
    },
    call: (path, fields) => {
      const body = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
      return fixture.post(path, body.join('&'), FORM);
    },
    async post(path, body, headers) {
      const response = await fetch(`${fixture.space.url}${path}`, { method: 'POST', body, headers });
      return (await response.json()) as Answer;
    },
    async [Symbol.asyncDispose]() {
      await fixture.space.close();
      await rm(dataDir, { recursive: true });
    },
  };
  return fixture;
}
