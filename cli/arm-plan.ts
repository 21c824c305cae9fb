import { setTimeout as delay } from 'node:timers/promises';
import { AppError, shellWord, type ErrorCode, type Plan, type SecretChannel } from '../contract/index.ts';
import { createKitFile, type KitFile } from './password/kit.ts';
import { newPassword, noPasswordSource, type NewPasswordOptions } from './password/new-password.ts';
import { showRecoveryWords } from './password/recovery.ts';
import { normaliseKnownPassword } from './password/rules.ts';
import { readPassword } from './password/sources.ts';
import { sendSecret } from './secret-channel.ts';
import type { Session } from './session.ts';

export interface ArmOptions extends NewPasswordOptions {
  /** Open an existing repository instead of making one. */
  readonly adopt?: boolean;
  readonly kitFile?: string;
}

export interface ArmSecrets {
  readonly password: string;
  readonly words: readonly string[] | undefined;
  readonly kit: KitFile | undefined;
}

/** The helper answers a moment before the daemon has written the plan's keys down. */
const SETTLE_MS = 15_000;
const SETTLE_PAUSE_MS = 50;

/** Asks for the password and gives out the recovery words, or takes both the way a script wants it. */
export async function collectSecrets(session: Session, options: ArmOptions): Promise<ArmSecrets> {
  const password = options.adopt
    ? await existingPassword(session, options)
    : await newPassword(session, options);
  const kit = options.kitFile === undefined ? undefined : await createKitFile(session, options.kitFile);
  const isShown = session.interactive && !session.yes;
  if (!isShown && !kit) return { password, words: undefined, kit };
  try {
    const { randomWords } = await import('./password/words.ts');
    const words = randomWords(session.runtime.randomInt);
    await kit?.secure(words);
    if (isShown) await showRecoveryWords(session, words);
    return { password, words, kit };
  } catch (error) {
    await kit?.discard();
    throw error;
  }
}

async function existingPassword(session: Session, options: ArmOptions): Promise<string> {
  const given = await readPassword(session, options);
  if (given !== undefined) return normaliseKnownPassword(given);
  if (!session.interactive) throw noPasswordSource();
  const { askHidden } = await import('./prompts/prompts.ts');
  return normaliseKnownPassword(await askHidden('Password of the existing repository'));
}

/**
 * Makes or opens the repository and its keys, and completes the kit.
 * @throws AppError with the plan left unarmed and a hint how to go on
 */
export async function armPlan(
  session: Session,
  plan: Plan,
  secrets: ArmSecrets,
  options: ArmOptions,
): Promise<Plan> {
  const { words, kit } = secrets;
  session.print.note('Writing the keys of the repository, this takes a few seconds …');
  const channel = await openArming(session, plan, secrets, options).catch(async (error: unknown) => {
    await kit?.discard();
    throw notArmed(error, plan, undefined);
  });
  try {
    await sendSecret(channel, {
      password: secrets.password,
      ...(words ? { recovery: words.join(' ') } : {}),
    });
  } catch (error) {
    await requireArmedAnyway(session, { plan, kit, error });
  }
  const armed = await settledPlan(session, plan, kit);
  await kit?.complete(armed, words ?? []);
  return armed;
}

/** Nothing is written to the repository before the secret went over the channel. */
async function openArming(
  session: Session,
  plan: Plan,
  { words }: ArmSecrets,
  options: ArmOptions,
): Promise<SecretChannel> {
  return await session.api.call('armPlan', {
    params: { plan: plan.id },
    body: {
      mode: options.adopt ? 'adopt' : 'create',
      recovery: words !== undefined,
      ...(options.allowWeakPassword ? { allowWeakPassword: true } : {}),
    },
  });
}

interface ArmFailure {
  readonly plan: Plan;
  readonly kit: KitFile | undefined;
  readonly error: unknown;
}

/** What the helper answers before it adds a key; after any other fault some keys may be in the repository. */
const BEFORE_KEYS: ReadonlySet<ErrorCode> = new Set([
  'invalid_input',
  'wrong_password',
  'repository_missing',
  'engine_missing',
]);

/** Keys that were added may stay although the plan is not armed; then the kit is the only place that has the words. */
async function requireArmedAnyway(session: Session, { plan, kit, error }: ArmFailure): Promise<void> {
  const now = await session.api.call('getPlan', { params: { plan: plan.id } }).catch(() => undefined);
  if (now !== undefined && now.state !== 'unarmed') return;
  const isWithoutKeys = now !== undefined && error instanceof AppError && BEFORE_KEYS.has(error.code);
  if (isWithoutKeys) await kit?.discard();
  throw notArmed(error, plan, isWithoutKeys ? undefined : kit);
}

/** @throws AppError `failed` when the daemon knows of no keys although the helper wrote them */
async function settledPlan(session: Session, plan: Plan, kit: KitFile | undefined): Promise<Plan> {
  const giveUpAt = session.runtime.now() + SETTLE_MS;
  for (;;) {
    const current = await session.api.call('getPlan', { params: { plan: plan.id } });
    if (current.state !== 'unarmed') return current;
    if (session.runtime.now() > giveUpAt) throw notArmed(unsettled(), plan, kit);
    await delay(SETTLE_PAUSE_MS);
  }
}

const unsettled = () =>
  new AppError('failed', 'the repository has its keys, but the agent has not written them down', {
    hint: 'see `olares-backup logs`, perhaps its disk is full',
  });

function notArmed(error: unknown, plan: Plan, kit: KitFile | undefined): unknown {
  if (!(error instanceof AppError)) return error;
  const goOn =
    `the plan ${shellWord(plan.name)} is kept but cannot run yet: give the same \`plan add\` again to go on, ` +
    `or \`olares-backup plan remove ${shellWord(plan.name)}\``;
  const kept = kit ? `; ${kit.path} is kept, its words may be in force: name another --kit-file then` : '';
  return new AppError(error.code, error.message, {
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    hint: `${error.hint ? `${error.hint}; ` : ''}${goOn}${kept}`,
    cause: error,
  });
}
