import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTerminal, type Terminal } from '../../cli/test-support/terminal.ts';
import type { Plan } from '../../contract/index.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { ROOT } from '../harness/system.ts';
import { PRIVATE_SSHD, keygen, sayMissing, startSshd, type TestSshd } from '../harness/test-servers.ts';
import { OwnLocations } from './own-locations.fixture.ts';

sayMissing({ sshd: PRIVATE_SSHD });

describe.skipIf(PRIVATE_SSHD === undefined)('an SSH host', () => {
  let system: OwnLocations;
  let sshd: TestSshd;
  let at: string[];
  beforeAll(async () => {
    system = await OwnLocations.begin();
    sshd = await startSshd(join(system.dir, 'ssh'));
    at = ['--location', `sftp://tester@127.0.0.1:${sshd.port}//data/backups`, '--ssh-key', sshd.keyFile];
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  });

  test('is not spoken to before a person has confirmed its key', async () => {
    const outcome = await system.add('ssh', at);
    expectRefusal(outcome, 17, `--host-key '${sshd.fingerprint}'`);
    expect(await system.planNames()).not.toContain('ssh');
  });

  test('is not spoken to when it shows another key than the one that is known', async () => {
    expectRefusal(
      await system.add('ssh', [...at, '--host-key', `SHA256:${'A'.repeat(43)}`]),
      17,
      sshd.fingerprint,
    );
    keygen(join(system.dir, 'other'));
    const other = readFileSync(join(system.dir, 'other.pub'), 'utf8');
    expectRefusal(await system.add('ssh', [...at, '--host-key', other]), 19, 'another host key');
    expect(await system.planNames()).not.toContain('ssh');
  });

  test('is confirmed by a person who sees its keys; a no leaves nothing behind', async () => {
    const program = [process.execPath, join(ROOT, 'dist/olares-backup.mjs'), '--state-dir', system.stateDir];
    const pinned = () => readdirSync(join(system.stateDir, 'keys', 'known-hosts'));
    const before = pinned();
    const asking = () =>
      openTerminal([...program, 'plan', 'add', 'ssh', '--path', system.source, ...at].join(' '));
    const confirming = async (terminal: Terminal, answer: string) => {
      const screen = await terminal.shows('Are these the keys of your host?');
      expect(screen).toContain(`ssh-ed25519 ${sshd.fingerprint}`);
      terminal.type(answer);
      terminal.press('Enter');
    };
    {
      using terminal = asking();
      await confirming(terminal, 'n');
      expect(await terminal.shows('exit=17')).toContain('not confirmed; nothing was made or changed');
      expect(await system.planNames()).not.toContain('ssh');
      expect(pinned()).toEqual(before);
      expect(sshd.log()).not.toContain('Accepted');
    }
    using terminal = asking();
    await confirming(terminal, 'y');
    await terminal.shows('Six random words');
    const { location } = await system.json<Plan>(['plan', 'show', 'ssh']);
    expect(location).toMatchObject({ hostKeys: [expect.stringMatching(/^ssh-ed25519 /)] });
  });

  test('keeps a plan, signed in to by a key, and is never asked anything', async () => {
    // Goes on with what was confirmed.
    const plan = await system.addPlan('ssh', [system.source], at);
    expect(plan.location).toMatchObject({ hostKeys: [expect.stringMatching(/^ssh-ed25519 /)] });
    await system.expectRoundTrip(plan);
    expect(readdirSync(join(sshd.data, 'backups', 'olares-backups'))).toHaveLength(1);
  });

  test('has a repository restored by its address, by the same options and with its key confirmed', async () => {
    const { repository } = await system.json<Plan>(['plan', 'show', 'ssh']);
    const target = join(system.dir, 'back-by-address');
    const restore = ['restore', String(repository?.address), '--foreground', '--target', target, '--yes'];
    const opens = ['--password-file', system.passwordFile, ...at.slice(2)];
    expectRefusal(await system.cli([...restore, ...opens]), 17, `--host-key '${sshd.fingerprint}'`);
    expect(existsSync(target)).toBe(false);
    await system.done([...restore, ...opens, '--host-key', sshd.fingerprint]);
    expect(readFileSync(join(target, 'noise')).equals(system.content)).toBe(true);
  });

  test('that does not know our key is refused by name, and no plan is made', async () => {
    const stranger = join(system.dir, 'stranger');
    keygen(stranger);
    const outcome = await system.add('ssh-no', [
      ...at.slice(0, 2),
      '--ssh-key',
      stranger,
      '--host-key',
      sshd.fingerprint,
    ]);
    expectRefusal(outcome, 15, 'does not accept the user or the SSH key');
    const readOnly = ['--location', `sftp://tester@127.0.0.1:${sshd.port}//etc/backups`];
    const denied = await system.add('ssh-no', [...readOnly, ...at.slice(2), '--host-key', sshd.fingerprint]);
    expectRefusal(denied, 17);
    expect(await system.planNames()).not.toContain('ssh-no');
  });

  test('that was set up anew is spoken to again when its new key was confirmed, not before', async () => {
    const { port } = sshd;
    await sshd[Symbol.asyncDispose]();
    rmSync(join(sshd.data, 'hostkey'));
    sshd = await startSshd(join(system.dir, 'ssh'), port);
    const tried = await system.cli(['plan', 'test', 'ssh']);
    expect(tried).toMatchObject({ code: 19, stdout: expect.stringContaining('shows another host key') });
    expectRefusal(await system.cli(['backup', 'ssh']), 19, 'another host key', 'olares-backup plan edit');
    expect(sshd.log()).not.toContain('Accepted');
    const key = readFileSync(join(sshd.data, 'hostkey.pub'), 'utf8').trim();
    await system.done(['plan', 'edit', 'ssh', '--host-key', key]);
    await system.done(['plan', 'test', 'ssh']);
  });
});
