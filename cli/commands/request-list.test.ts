import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SpaceCommand } from '../../contract/index.ts';
import { startFakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram } from '../test-support/program.ts';
import { JOB_ID, NOW, PLAN_ID, sampleRequest, sampleStatus } from '../test-support/samples.ts';

let program: BuiltProgram;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program[Symbol.dispose]());

const COMMAND: SpaceCommand = {
  id: JOB_ID,
  deviceId: PLAN_ID,
  kind: 'backup.now',
  status: 'done',
  askedAt: NOW,
  receivedAt: NOW,
  planId: PLAN_ID,
  planName: 'photos',
};
const HELD: SpaceCommand = {
  ...COMMAND,
  status: 'waiting',
  requestCode: 'HELD2',
  expiresAt: NOW + 3_600_000,
};
const COMMANDS: SpaceCommand[] = [
  { ...COMMAND, kind: 'notice', text: 'look \u001b[31mhere\u202e' },
  { ...COMMAND, kind: 'plan.pause', status: 'refused', code: 'not_allowed_here' },
  COMMAND,
];

async function list(...options: string[]) {
  await using daemon = await startFakeDaemon();
  const ended = sampleRequest({ code: '2QXM', state: 'declined', reason: 'not now' });
  daemon.answer('listRequests', [sampleRequest(), ended]);
  daemon.answer('getStatus', { ...sampleStatus(), requests: [sampleRequest()], asked: [HELD] });
  daemon.answer('listSpaceCommands', { commands: COMMANDS, total: 40 });
  const args = ['request', 'list', ...options, '--state-dir', daemon.stateDir];
  return { ...(await runProgram(program.file, args)), received: daemon.received };
}

it('lists what waits, with the way to answer it, and nothing else', async () => {
  const { stdout, received } = await list();
  expect(stdout).toContain('7F3K');
  expect(stdout).toMatch(/HELD2 +Space asks: back up now, photos; .*request approve HELD2 \(expires /);
  expect(received.map(({ route }) => route)).toEqual(['getStatus']);
});

it('declines a command by its code as it declines a restore', async () => {
  await using daemon = await startFakeDaemon();
  daemon.answer('getStatus', { ...sampleStatus(), asked: [HELD] });
  daemon.answer('answerSpaceCommand', { ...COMMAND, status: 'refused', code: 'declined' });
  const args = ['request', 'decline', 'held2', '--reason', 'not now', '--state-dir', daemon.stateDir];
  const { code, stdout } = await runProgram(program.file, args);
  expect([code, stdout.trim()]).toEqual([0, 'Declined held2. Nothing was changed.']);
  expect(daemon.bodiesOf('answerSpaceCommand')).toEqual([{ allow: false, reason: 'not now' }]);
});

it('lists with --all what Space asked and what came of it', async () => {
  const { code, stdout, received } = await list('--all', '--limit', '3', '--skip', '7');
  expect(code).toBe(0);
  expect(stdout).toContain('7F3K');
  expect(stdout).toMatch(/2QXM +declined .* — +not now/);
  expect(stdout).toMatch(/back up now +photos +done/);
  expect(stdout).toMatch(/pause a plan +photos +refused: not allowed on this machine/);
  expect(stdout).toMatch(/show a notice .*"look .*here.*"/);
  expect(stdout).not.toMatch(/[\u001b\u202e]/);
  expect(stdout).toContain('30 older: --skip 10');
  const asked = received.find(({ route }) => route === 'listSpaceCommands');
  expect(asked?.query).toEqual({ limit: '3', after: '7' });
});

it('hands both to scripts', async () => {
  const { stdout } = await list('--all', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    requests: [{ code: '7F3K' }, { code: '2QXM' }],
    spaceCommands: [
      { kind: 'notice' },
      { kind: 'plan.pause', code: 'not_allowed_here' },
      { kind: 'backup.now' },
    ],
    spaceCommandsTotal: 40,
  });
});

it('says which number is wrong', async () => {
  const { code, stderr } = await list('--all', '--limit', '0');
  expect(code).toBe(2);
  expect(stderr).toContain('--limit takes a whole number from 1 to 1000');
});
