import type { Command } from 'commander';
import { AppError, cleanText, type PlanKey } from '../../contract/index.ts';
import { createKitFile } from '../password/kit.ts';
import { newPassword, type NewPasswordOptions } from '../password/new-password.ts';
import { requireTerminalForWords, showRecoveryWords } from '../password/recovery.ts';
import { addPasswordOptions, type PasswordOptions } from '../password/sources.ts';
import { formatMoment } from '../output/format.ts';
import { requireConsent } from '../prompts/consent.ts';
import { resolvePlan } from '../resolve-plan.ts';
import { sendSecret } from '../secret-channel.ts';
import type { OpenSession, Session } from '../session.ts';

export function registerKey(program: Command, open: OpenSession): void {
  const key = program.command('key').description('show and change what opens the snapshots of a plan');
  key
    .command('list')
    .alias('ls')
    .description('list the keys of a repository')
    .argument('[plan]', 'name of the plan')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      const keys = await session.api.call('listKeys', { params: { plan } });
      const { passwordProvenAt } = await session.api.call('getPlan', { params: { plan } });
      session.print.result(keys, () => [...keyTable(session, keys), provenLine(session, passwordProvenAt)]);
    });
  registerCheckPassword(key, open);
  registerChangePassword(key, open);
  registerAddRecovery(key, open);
  registerRemove(key, open);
}

function keyTable({ print, runtime }: Session, keys: readonly PlanKey[]): string[] {
  const roles: Record<string, string> = {
    user: 'your password',
    machine: 'this machine',
    recovery: 'recovery words',
    other: 'made by others',
  };
  return print.table(keys, [
    { title: 'KEY', cell: ({ id }) => id.slice(0, 8), paint: print.style.bold },
    {
      title: 'OPENED BY',
      cell: ({ role, otherMachine }) => (otherMachine ? 'another machine' : (roles[role] ?? role)),
    },
    { title: 'MADE', cell: ({ createdAt }) => formatMoment(createdAt, runtime.now()) },
  ]);
}

function provenLine({ runtime }: Session, provenAt: number | undefined): string {
  return provenAt === undefined
    ? 'The password was never typed since it was set. Check it: olares-backup key check-password'
    : `The password was last typed right ${formatMoment(provenAt, runtime.now())}.`;
}

function registerCheckPassword(key: Command, open: OpenSession): void {
  const check = key
    .command('check-password')
    .description('see whether you still know a password; offline, nothing is changed')
    .argument('[plan]', 'name of the plan');
  addPasswordOptions(check).action(
    async (name: string | undefined, options: PasswordOptions, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      const { checkPassword } = await import('../password/check-password.ts');
      const provenAt = await checkPassword(session, plan, options);
      session.print.result({ plan, correct: true, provenAt }, () => [
        `Right: it opens the snapshots of ${cleanText(plan)}. You are asked again in 90 days.`,
      ]);
    },
  );
}

function registerChangePassword(key: Command, open: OpenSession): void {
  const change = key
    .command('change-password')
    .description('give a plan a new password; the snapshots are not touched')
    .argument('[plan]', 'name of the plan')
    .option('--allow-weak-password', 'take a weak password; for tests only');
  addPasswordOptions(change).action(
    async (name: string | undefined, options: NewPasswordOptions, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      const password = await newPassword(session, options);
      const channel = await session.api.call('changeKey', {
        params: { plan },
        body: { action: 'replace-user', ...(options.allowWeakPassword ? { allowWeakPassword: true } : {}) },
      });
      session.print.note('Writing the new key, this takes a few seconds …');
      await sendSecret(channel, { password });
      session.print.result({ plan, changed: 'password' }, () => [
        `The password of ${cleanText(plan)} is changed. The old one opens nothing any more.`,
      ]);
    },
  );
}

function registerAddRecovery(key: Command, open: OpenSession): void {
  key
    .command('add')
    .description('give a plan new recovery words; older ones stop working')
    .argument('[plan]', 'name of the plan')
    .requiredOption('--recovery', 'make recovery words')
    .option('--kit-file <file>', 'write the recovery kit into a new file')
    .action(async (name: string | undefined, options: { kitFile?: string }, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      if (options.kitFile === undefined || !session.yes) requireTerminalForWords(session);
      await addRecovery(session, plan, options.kitFile);
      session.print.result({ plan, changed: 'recovery' }, () => [
        `${cleanText(plan)} has new recovery words. Older ones open nothing any more.`,
      ]);
    });
}

async function addRecovery(session: Session, plan: string, kitFile: string | undefined): Promise<void> {
  const { randomWords } = await import('../password/words.ts');
  const words = randomWords(session.runtime.randomInt);
  const kit = kitFile === undefined ? undefined : await createKitFile(session, kitFile);
  try {
    await kit?.secure(words);
    if (session.interactive && !session.yes) await showRecoveryWords(session, words);
  } catch (error) {
    await kit?.discard();
    throw error;
  }
  const channel = await session.api
    .call('changeKey', { params: { plan }, body: { action: 'add-recovery' } })
    .catch(async (error: unknown) => {
      await kit?.discard();
      throw error;
    });
  session.print.note('Writing the new key, this takes a few seconds …');
  // From here on the words may be in force, so the kit stays whatever happens.
  await sendSecret(channel, { recovery: words.join(' ') }).catch((error: unknown) => {
    throw kit === undefined ? error : keptKit(error, kit.path);
  });
  await kit?.complete(await session.api.call('getPlan', { params: { plan } }), words);
}

function keptKit(error: unknown, path: string): unknown {
  if (!(error instanceof AppError)) return error;
  const kept = `${path} is kept: its words may be in force. olares-backup key list tells; name another --kit-file then`;
  return new AppError(error.code, error.message, {
    hint: error.hint === undefined ? kept : `${error.hint}; ${kept}`,
    cause: error,
  });
}

function registerRemove(key: Command, open: OpenSession): void {
  key
    .command('remove')
    .alias('rm')
    .description('remove a key; what it opened needs another one from then on')
    .argument('<plan>', 'name of the plan')
    .argument('<key>', 'id of the key, or the beginning of it')
    .action(async (plan: string, id: string, _options: object, command: Command) => {
      const session = open(command);
      const key = findKey(await session.api.call('listKeys', { params: { plan } }), id);
      await requireConsent(session, {
        message: `Remove the ${key.role} key ${key.id.slice(0, 8)} of ${cleanText(plan)}? It then opens nothing.`,
        untouched: 'no key was removed',
      });
      const left = await session.api.call('removeKey', { params: { plan, key: key.id } });
      session.print.result(left, () => keyTable(session, left));
    });
}

function findKey(keys: readonly PlanKey[], id: string): PlanKey {
  const [found, second] = keys.filter((key) => key.id.startsWith(id.toLowerCase()));
  if (found && !second) return found;
  throw new AppError(
    found ? 'invalid_input' : 'not_found',
    `${found ? 'more than one key begins' : 'no key begins'} with ${cleanText(id, 64)}`,
    {
      field: 'key',
      hint: 'olares-backup key list shows them',
    },
  );
}
