import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, type BuiltProgram } from '../test-support/program.ts';
import { REQUEST_ID, sampleRequest, sampleSnapshot } from '../test-support/samples.ts';
import { openTerminal } from '../test-support/terminal.ts';
import { RIGHT, startRestorable } from './restorable.fixture.ts';

let program: BuiltProgram;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program[Symbol.dispose]());

const routesOf = (daemon: FakeDaemon) => daemon.received.map(({ route }) => route);

describe('restore at a terminal', () => {
  const open = (daemon: FakeDaemon, args: string) =>
    openTerminal(`${process.execPath} ${program.file} restore ${args} --state-dir ${daemon.stateDir}`);

  it('hides the password, counts wrong ones and takes the right one', async () => {
    await using daemon = await startRestorable();
    using terminal = open(daemon, '7F3K');
    await terminal.shows('Password of photos (set 2026-11-16 08:00 UTC, 5 tries left)');
    terminal.type('not the password');
    terminal.press('Enter');
    await terminal.shows('Wrong password. Nothing was downloaded or changed. 4 tries left.');
    await terminal.shows('Password of photos (set 2026-11-16 08:00 UTC, 4 tries left)');
    terminal.type(RIGHT);
    terminal.press('Enter');
    const screen = await terminal.shows('exit=0');
    expect(screen).toContain('Restored 1,234 files');
    expect(screen).not.toContain('not the password');
    expect(screen).not.toContain(RIGHT);
    expect(daemon.secrets).toEqual([{ password: 'not the password' }, { password: RIGHT }]);
  });

  it('does nothing in place after just Enter, and says so', async () => {
    await using daemon = await startRestorable();
    using terminal = open(daemon, '7F3K --in-place');
    await terminal.shows('(y/N)');
    terminal.press('Enter');
    const screen = await terminal.shows('exit=17');
    expect(screen).toContain('not confirmed; nothing was downloaded or changed');
    expect(routesOf(daemon)).not.toContain('verifyRequest');
  });

  it('begins with what was chosen on the page, which the person may change', async () => {
    const choice = { inPlace: true, include: ['/home/me/letters'] };
    await using daemon = await startRestorable(sampleRequest({ origin: 'page', choice }));
    using terminal = open(daemon, '7F3K');
    const first = await terminal.shows(/in place: where the files were[^]*Go on\?/);
    expect(first).toMatch(/Chosen +only \/home\/me\/letters; in place/);
    terminal.press('Down');
    terminal.press('Enter');
    await terminal.shows('What shall be different?');
    terminal.press('Enter');
    await terminal.shows('Where to?');
    terminal.press('Enter');
    await terminal.shows(/into a new directory[^]*Go on\?/);
    terminal.press('Enter');
    await terminal.shows('Password of photos');
    terminal.type(RIGHT);
    terminal.press('Enter');
    await terminal.shows('exit=0');
    expect(daemon.bodiesOf('verifyRequest')).toEqual([{ include: ['/home/me/letters'] }]);
  });

  it('asks which of several directories goes in place, one after the other', async () => {
    await using daemon = await startRestorable();
    const paths = ['/home/me/letters', '/home/me/taxes'];
    daemon.answer('listSnapshots', [sampleSnapshot({ paths })]);
    daemon.answer('getSnapshot', sampleSnapshot({ paths }));
    using terminal = open(daemon, '--plan photos');
    await terminal.shows('Which snapshot?');
    terminal.press('Enter');
    await terminal.shows('What of it?');
    terminal.press('Enter');
    await terminal.shows('Where to?');
    for (const key of ['Down', 'Down', 'Enter']) terminal.press(key);
    await terminal.shows('Which one now?');
    for (const key of ['Down', 'Enter']) terminal.press(key);
    await terminal.shows('Go on?');
    expect(daemon.bodiesOf('previewRequest').at(-1)).toEqual({ inPlace: true, include: ['/home/me/taxes'] });
  });

  it('stops cleanly at Ctrl-C in the password', async () => {
    await using daemon = await startRestorable();
    using terminal = open(daemon, 'latest');
    await terminal.shows('Password of photos');
    terminal.press('C-c');
    await terminal.shows('exit=130');
    expect(routesOf(daemon)).toContain('declineRequest');
  });

  it('leads from nothing to a restored directory', async () => {
    await using daemon = await startRestorable();
    daemon.answer('listSnapshots', [
      sampleSnapshot(),
      sampleSnapshot({ resticId: 'ab'.repeat(32), incomplete: true }),
    ]);
    using terminal = open(daemon, '');
    await terminal.shows('What do you want to restore?');
    terminal.press('Down');
    terminal.press('Enter');
    await terminal.shows('Which snapshot?');
    terminal.press('Enter');
    await terminal.shows('What of it?');
    terminal.press('Enter');
    await terminal.shows('Where to?');
    terminal.press('Down');
    terminal.press('Enter');
    await terminal.shows('Directory');
    terminal.type('/tmp/elsewhere');
    terminal.press('Enter');
    await terminal.shows('Go on?');
    terminal.press('Enter');
    await terminal.shows('Password of photos');
    terminal.type(RIGHT);
    terminal.press('Enter');
    await terminal.shows('exit=0');
    expect(daemon.bodiesOf('verifyRequest')).toEqual([{ target: '/tmp/elsewhere' }]);
    expect(daemon.received.find(({ route }) => route === 'verifyRequest')?.params).toEqual({
      request: REQUEST_ID,
    });
  });
});
