import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type NewPlan, type Plan, type PlanKey } from '../contract/index.ts';
import { startFakeDaemon, type FakeDaemon } from './test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram, type RunOptions } from './test-support/program.ts';
import { KEY_ID, NOW, samplePlan, unarmedPlan } from './test-support/samples.ts';
import { openTerminal, type Terminal } from './test-support/terminal.ts';

const STRONG = 'glacier tuba violin orbit pencil ramp';
const WORDS = /(?:[a-z]+ ){5}[a-z]+/;

let program: BuiltProgram;
let folder: string;
let passwordFile: string;
beforeAll(() => {
  program = buildProgram();
  folder = mkdtempSync(join(tmpdir(), 'olares-cli-plan-'));
  passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${STRONG}\n`, { mode: 0o600 });
});
afterAll(() => {
  program[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const key = (role: PlanKey['role']): PlanKey => ({ id: KEY_ID, role, createdAt: NOW });

/** A daemon that adds one plan and arms it unless `refusal` says otherwise. */
async function startPlans(refusal?: AppError): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon();
  let plan: Plan = unarmedPlan();
  const channel = await daemon.secretChannel((secret) => {
    if (refusal) return refusal;
    const keys = [key('machine'), key('user'), ...(secret.recovery === undefined ? [] : [key('recovery')])];
    plan = { ...samplePlan(), name: plan.name, keys };
    return undefined;
  });
  daemon.answer('createPlan', ({ body }) => {
    plan = { ...plan, ...(body as NewPlan) };
    return plan;
  });
  daemon.answer('changePlan', ({ body }) => ({ ...plan, ...(body as object) }));
  daemon.answer('getPlan', () => plan);
  daemon.answer('armPlan', channel);
  return daemon;
}

const run = (daemon: FakeDaemon, args: string[], options?: RunOptions) =>
  runProgram(program.file, ['plan', 'add', ...args, '--state-dir', daemon.stateDir], options);

describe('plan add without a terminal', () => {
  it('makes relative paths absolute and reads the schedule', async () => {
    await using daemon = await startPlans();
    const schedule = ['--schedule', 'weekly', '--on', 'fri', '--at', '4:05', '--timezone', 'Asia/Tokyo'];
    const args = ['photos', '--path', '.', '/tmp/', '--exclude', '*.tmp', '--location', 'store', ...schedule];
    const { code, stderr } = await run(daemon, [...args, '--yes', '--password-file', passwordFile], {
      cwd: folder,
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(daemon.bodiesOf('createPlan')).toEqual([
      {
        name: 'photos',
        paths: [folder, '/tmp'],
        excludes: ['*.tmp'],
        schedule: { kind: 'weekly', day: 5, at: '04:05' },
        zone: 'Asia/Tokyo',
        location: { kind: 'directory', path: join(folder, 'store') },
      },
    ]);
    expect(daemon.bodiesOf('armPlan')).toEqual([{ mode: 'create', recovery: false }]);
    expect(daemon.secrets).toEqual([{ password: STRONG }]);
  });

  it('says so when there are no recovery words', async () => {
    await using daemon = await startPlans();
    const { stdout } = await run(daemon, ['photos', '--path', '/tmp', '--yes', '--password-stdin'], {
      input: STRONG,
    });
    expect(stdout).toContain('olares-backup key add --recovery photos');
  });

  it('writes the recovery kit into a new file that only its owner reads', async () => {
    await using daemon = await startPlans();
    const kit = join(folder, 'kit.txt');
    const args = ['photos', '--path', '/tmp', '--yes', '--password-file', passwordFile, '--kit-file', kit];
    expect((await run(daemon, args)).code).toBe(0);
    const text = readFileSync(kit, 'utf8');
    const words = daemon.secrets[0]?.recovery?.split(' ') ?? [];
    expect(words).toHaveLength(6);
    words.forEach((word, index) => expect(text).toContain(`${index + 1}  ${word}\n`));
    expect(text).toContain(`${samplePlan().repository?.id}`);
    expect(text).toContain('restic -r s3:https://space.example/bucket/photos restore latest');
    expect(text).not.toContain(STRONG);
    expect(statSync(kit).mode & 0o777).toBe(0o600);
    const again = await run(daemon, args);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`${kit} exists already`);
    expect(readFileSync(kit, 'utf8')).toBe(text);
  });

  it.each([
    ['leaves no kit', new AppError('repository_missing', 'the storage does not answer'), 10, false],
    ['keeps the kit', new AppError('unreachable', 'the storage does not answer'), 16, true],
  ])(
    '%s, and a plan to go on with, when writing the keys ended with %s',
    async (_name, fault, exit, kept) => {
      await using daemon = await startPlans(fault);
      const kit = join(folder, `kit-of-${exit}.txt`);
      const args = ['photos', '--path', '/tmp', '--yes', '--password-file', passwordFile, '--kit-file', kit];
      const { code, stderr } = await run(daemon, args);
      expect(code).toBe(exit);
      expect(stderr).toContain('the storage does not answer');
      expect(stderr).toContain('give the same `plan add` again to go on');
      expect(existsSync(kit)).toBe(kept);
      expect(stderr.includes(`${kit} is kept`)).toBe(kept);
      const words = daemon.secrets[0]?.recovery?.split(' ') ?? [];
      const text = kept ? readFileSync(kit, 'utf8') : words.join(' ');
      expect(words.filter((word) => !text.includes(word))).toEqual([]);
    },
  );

  it('goes on with a plan of the same name that has no keys', async () => {
    await using daemon = await startPlans();
    daemon.answer('createPlan', new AppError('conflict', 'there is a plan photos'));
    const { code } = await run(daemon, [
      'photos',
      '--path',
      '/tmp',
      '--yes',
      '--password-file',
      passwordFile,
    ]);
    expect(code).toBe(0);
    expect(daemon.bodiesOf('changePlan')).toEqual([{ paths: ['/tmp'] }]);
  });

  it('asks nobody far away for what this machine itself refuses', async () => {
    await using daemon = await startPlans();
    daemon.answer(
      'testNewPlan',
      new AppError('invalid_input', 'the plan name "a/b" contains "/"', { field: 'name' }),
    );
    const far = ['--region', 'mars-1', '--yes', '--password-file', passwordFile];
    const { code, stderr } = await run(daemon, ['a/b', '--path', '/tmp', ...far]);
    expect(code).toBe(2);
    expect(stderr).toContain('the plan name "a/b" contains "/"');
    expect(stderr).not.toContain('Trying the location');
    expect(daemon.received.map(({ route }) => route)).toEqual(['testNewPlan']);
    expect(daemon.bodiesOf('testNewPlan')).toEqual([expect.objectContaining({ connect: false })]);
  });

  it('refuses the name of a plan that has keys', async () => {
    await using daemon = await startPlans();
    daemon.answer('createPlan', new AppError('conflict', 'there is a plan photos', { field: 'name' }));
    daemon.answer('getPlan', samplePlan());
    const { code, stderr } = await run(daemon, [
      'photos',
      '--path',
      '/tmp',
      '--yes',
      '--password-file',
      passwordFile,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('there is a plan photos');
    expect(daemon.secrets).toEqual([]);
  });

  it.each([
    ['a weak password', ['--password-stdin', '--yes'], 'password1234', 'too weak'],
    ['a short password', ['--password-stdin', '--yes'], 'x7#kQ', 'it has 5 characters'],
    ['a password with a space at its end', ['--password-stdin', '--yes'], `${STRONG} `, 'white space'],
    ['no password', ['--yes'], '', '--password-file FILE'],
    ['no consent to do without words', ['--password-stdin'], STRONG, 'add --yes'],
    ['two passwords', ['--password-stdin', '--password-fd', '0', '--yes'], STRONG, 'more than one way'],
    ['an unknown zone', ['--timezone', 'Mars/Base', '--yes'], '', 'Mars/Base'],
    ['an unknown kind of storage', ['--location', 'ftp:x', '--yes'], '', '"ftp:" is no kind of storage'],
    ['a bad time', ['--at', '25:00', '--yes'], '', '--at: "25:00"'],
    ['a bad schedule', ['--schedule', 'often', '--yes'], '', 'five cron fields'],
  ])('refuses %s before anything is made', async (_name, flags, input, text) => {
    await using daemon = await startPlans();
    const { code, stderr } = await run(daemon, ['photos', '--path', '/tmp', ...flags], { input });
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(daemon.received).toEqual([]);
  });

  it('refuses a path that does not exist by its name', async () => {
    await using daemon = await startPlans();
    const { code, stderr } = await run(daemon, ['photos', '--path', '/nonexistent/dir']);
    expect(code).toBe(2);
    expect(stderr).toContain('/nonexistent/dir: there is no such file or directory');
  });

  it('takes a weak password when told to, with a warning', async () => {
    await using daemon = await startPlans();
    const flags = ['--yes', '--password-stdin', '--allow-weak-password'];
    const { code, stderr } = await run(daemon, ['photos', '--path', '/tmp', ...flags], { input: 'secret' });
    expect(code).toBe(0);
    expect(stderr).toContain('warning: the password is weak');
    expect(daemon.bodiesOf('armPlan')).toEqual([
      { mode: 'create', recovery: false, allowWeakPassword: true },
    ]);
  });

  it('opens an existing repository with whatever password it has', async () => {
    await using daemon = await startPlans();
    const flags = ['--location', join(folder, 'store'), '--adopt', '--yes', '--password-stdin'];
    const { code } = await run(daemon, ['photos', '--path', '/tmp', ...flags], { input: 'old\n' });
    expect(code).toBe(0);
    expect(daemon.bodiesOf('armPlan')).toEqual([{ mode: 'adopt', recovery: false }]);
    expect(daemon.secrets).toEqual([{ password: 'old' }]);
  });

  it('sends a decomposed password in its composed form', async () => {
    await using daemon = await startPlans();
    const typed = `${STRONG} für`.normalize('NFD');
    await run(daemon, ['photos', '--path', '/tmp', '--yes', '--password-stdin'], { input: typed });
    expect(daemon.secrets).toEqual([{ password: typed.normalize('NFC') }]);
  });
});

describe('plan add at a terminal', () => {
  const open = (daemon: FakeDaemon) =>
    openTerminal(
      `${process.execPath} ${program.file} plan add photos --path /tmp --state-dir ${daemon.stateDir}`,
    );

  it('offers six words, gives out recovery words and asks two of them back', async () => {
    await using daemon = await startPlans();
    using terminal = open(daemon);
    await terminal.shows('Six random words');
    terminal.press('Enter');
    const phrase = WORDS.exec((await terminal.shows('Write it down')).split('\n')[2] ?? '')?.[0] ?? '';
    terminal.press('Enter');
    await terminal.shows('? The six words');
    terminal.type(phrase);
    terminal.press('Enter');
    const words = await readRecoveryWords(terminal);
    await answerWords(terminal, words);
    const screen = await terminal.shows('exit=0');
    expect(screen).toContain('Ready: the plan photos');
    expect(screen).not.toContain(phrase);
    expect(screen).not.toContain(`│    1  ${words[0]}`);
    expect(daemon.secrets).toEqual([{ password: phrase, recovery: words.join(' ') }]);
  });

  it('asks again after a weak password and after two that differ', async () => {
    await using daemon = await startPlans();
    using terminal = open(daemon);
    await terminal.shows('Six random words');
    terminal.press('Down');
    terminal.press('Enter');
    const steps = [
      ['New password', 'password1234', 'too weak'],
      ['New password', STRONG, 'The same again'],
      ['The same again', 'not the same', 'these two were not the same'],
      ['New password', STRONG, 'The same again'],
      ['The same again', STRONG, 'Written down?'],
    ] as const;
    for (const [question, typed, next] of steps) {
      // Typed before the question stands there, it would be echoed.
      await terminal.shows(new RegExp(`\\? ${question} \\(it does not show while you type\\)\\s*$`));
      terminal.type(typed);
      terminal.press('Enter');
      await terminal.shows(next);
    }
    await readRecoveryWords(terminal);
    const screen = await terminal.shows('Recovery word number');
    expect(screen).toContain('too weak');
    expect(screen).toContain('these two were not the same');
    expect(screen).not.toContain(STRONG);
    expect(daemon.secrets).toEqual([]);
  });
});

async function readRecoveryWords(terminal: Terminal): Promise<string[]> {
  const screen = await terminal.shows('Written down?');
  const words = [...screen.matchAll(/│\s+\d {2}([a-z]+)\s+│/g)].map(([, word]) => word ?? '');
  expect(words).toHaveLength(6);
  terminal.press('Enter');
  return words;
}

async function answerWords(terminal: Terminal, words: readonly string[]): Promise<void> {
  let last = 0;
  for (let asked = 0; asked < 2; asked += 1) {
    const screen = await terminal.shows(new RegExp(`Recovery word number [^${last}]\\s*$`, 'm'));
    last = Number([...screen.matchAll(/Recovery word number (\d)/g)].at(-1)?.[1]);
    terminal.type(words[last - 1] ?? '');
    terminal.press('Enter');
  }
}
