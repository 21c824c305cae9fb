import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Job, LocationTest, Plan, Snapshot } from '../../contract/index.ts';
import { TestSystem, type Outcome } from '../harness/system.ts';

/** An agent with something to back up to locations of its own. */
export class OwnLocations extends TestSystem {
  readonly source = this.folder('source');
  readonly content = randomBytes(300_000);

  static async begin(): Promise<OwnLocations> {
    const system = new OwnLocations({});
    writeFileSync(join(system.source, 'noise'), system.content);
    await system.startSpace();
    await system.startDaemon();
    return system;
  }

  /** `plan add`, however it ends. */
  add(name: string, more: string[]): Promise<Outcome> {
    const base = ['plan', 'add', name, '--path', this.source, '--schedule', 'manual', '--yes'];
    return this.cli([...base, '--password-file', this.passwordFile, ...more]);
  }

  async planNames(): Promise<string[]> {
    return (await this.json<Plan[]>(['plan', 'list'])).map(({ name }) => name);
  }

  /** Backs up, lists, restores and compares; then tries the location of the armed plan. */
  async expectRoundTrip(plan: Plan): Promise<void> {
    expect(await this.json<Job>(['backup', plan.name])).toMatchObject({ state: 'succeeded' });
    expect(await this.json<Snapshot[]>(['snapshot', 'list', plan.name])).toHaveLength(1);
    const target = join(this.dir, `back-${plan.name}`);
    const restore = ['restore', 'latest', '--plan', plan.name, '--target', target, '--yes'];
    await this.done([...restore, '--password-file', this.passwordFile]);
    expect(readFileSync(join(target, 'noise')).equals(this.content)).toBe(true);
    const { steps } = await this.json<LocationTest>(['plan', 'test', plan.name]);
    expect(steps.map(({ level }) => level)).not.toContain('error');
    expect(steps.at(-1)).toMatchObject({ name: 'repository', message: 'it is the one of this plan' });
  }
}
