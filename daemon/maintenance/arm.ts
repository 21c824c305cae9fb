import { readdir } from 'node:fs/promises';
import {
  AppError,
  shellWord,
  type HelperResultOf,
  type Plan,
  type PlanKey,
  type RepositoryAccess,
  type SecretChannel,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { CHANNEL_LIFE_MS, newChannelPath } from '../engine/channel-path.ts';
import { KeyTurns, type KeyTurn } from './key-turns.ts';
import type {
  ArmingDoor,
  MaintenanceEngine,
  MaintenanceHealth,
  MaintenancePlans,
} from './maintenance-ports.ts';
import { openChannel } from './secret-channel.ts';

export interface KeyWorkOptions {
  readonly plans: MaintenancePlans;
  readonly engine: MaintenanceEngine;
  readonly door: ArmingDoor;
  readonly health: MaintenanceHealth;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly config: { readonly runDir: string; readonly engineHost: string };
}

/** Called when a plan took over a repository that may hold snapshots already. */
export type OnAdopted = (plan: Plan) => void;

export interface KeyWork {
  arm(plan: Plan, options: { mode: 'create' | 'adopt'; recovery: boolean }): Promise<SecretChannel>;
  changeKey(plan: Plan, action: 'replace-user' | 'add-recovery'): Promise<SecretChannel>;
}

/** Work that needs a typed secret; it goes from the terminal to the helper and never through this process. */
export function createKeyWork(options: KeyWorkOptions, onAdopted: OnAdopted): KeyWork {
  const turns = new KeyTurns();
  const inTurn = async (plan: Plan, start: (turn: KeyTurn) => Promise<SecretChannel>) => {
    const turn = await turns.take(plan);
    try {
      return await start(turn);
    } catch (error) {
      turn.end();
      throw error;
    }
  };
  return {
    arm: async (plan, how) =>
      await inTurn(plan, async (turn) => await arm(options, plan, { ...how, turn, onAdopted })),
    changeKey: async (plan, action) =>
      await inTurn(plan, async (turn) => await changeKey(options, plan, { action, turn })),
  };
}

interface ArmOptions {
  readonly mode: 'create' | 'adopt';
  readonly recovery: boolean;
  readonly turn: KeyTurn;
  readonly onAdopted: OnAdopted;
}

async function arm(
  options: KeyWorkOptions,
  plan: Plan,
  { mode, recovery, turn, onAdopted }: ArmOptions,
): Promise<SecretChannel> {
  const { engine, door, plans, health, config } = options;
  if (plan.state !== 'unarmed') {
    throw new AppError('conflict', `the plan "${plan.name}" is armed already`, {
      hint: 'to change its password: olares-backup key change-password',
    });
  }
  const access = await door.access(plan, { adopt: mode === 'adopt' });
  if (plan.location.kind === 'directory') await requireFree(plan.location.path, access, mode);
  // The key that `init` makes goes again.
  const credentials = door.credentialsFor(plan, 'keys');
  return await withChannel(options, plan, {
    turn,
    work: async (channelPath, onReady) => {
      const summary = await engine.run(
        { verb: 'arm', access, host: config.engineHost, mode, recovery, channelPath },
        { onReady, signal: turn.signal, ...(credentials && { credentials }) },
      );
      const { repositoryId, keys, capsule } = summary;
      const armed = plans.arm(plan.id, { repositoryId, address: access.address, keys, capsule });
      settleRecovery(health, plan, keys);
      if (mode === 'adopt') onAdopted(armed);
    },
  });
}

async function changeKey(
  options: KeyWorkOptions,
  plan: Plan,
  { action, turn }: { action: 'replace-user' | 'add-recovery'; turn: KeyTurn },
): Promise<SecretChannel> {
  const { engine, door, plans, health, config } = options;
  requireArmed(plan);
  const role = action === 'replace-user' ? 'user' : 'recovery';
  const access = await door.access(plan);
  const credentials = door.credentialsFor(plan, 'keys');
  const removeIds = plan.keys.filter((key) => key.role === role).map(({ id }) => id);
  return await withChannel(options, plan, {
    turn,
    work: async (channelPath, onReady) => {
      const summary = await engine.run(
        { verb: 'key-replace', access, host: config.engineHost, role, removeIds, channelPath },
        { onReady, signal: turn.signal, ...(credentials && { credentials }) },
      );
      const keys = withKnownRoles(summary, plan.keys);
      plans.setKeys(plan.id, keys, summary.capsule);
      settleRecovery(health, plan, keys);
      settleOldKeys(
        health,
        plan,
        removeIds.some((id) => keys.some((key) => key.id === id)),
      );
    },
  });
}

/** The helper knows the role of the key it made, not of those it found. */
function withKnownRoles({ keys }: HelperResultOf<'key-replace'>, known: readonly PlanKey[]): PlanKey[] {
  return keys.map((key) =>
    key.role === 'other' ? { ...key, role: known.find(({ id }) => id === key.id)?.role ?? 'other' } : key,
  );
}

async function withChannel(
  { clock, chance, config, log }: KeyWorkOptions,
  plan: Plan,
  how: { work: (channelPath: string, onReady: () => void) => Promise<void>; turn: KeyTurn },
): Promise<SecretChannel> {
  const path = newChannelPath(config.runDir, chance);
  return await openChannel({
    path,
    expiresAt: clock.now() + CHANNEL_LIFE_MS,
    work: async (ready) => {
      try {
        await how.work(path, () => {
          how.turn.waitsAt(path);
          ready();
        });
      } catch (error) {
        // The person hears it from the helper, over the channel.
        log.warn({ err: error, planId: plan.id }, 'the keys were not written');
        throw error;
      } finally {
        how.turn.end();
      }
    },
  });
}

export function requireArmed(plan: Plan): void {
  if (plan.state !== 'unarmed') return;
  throw new AppError('conflict', `the plan "${plan.name}" has no repository yet`, {
    hint: 'its password was never set; give the same `olares-backup plan add` again to go on',
  });
}

/** Storage may refuse to remove a key; the person must not believe that the old secret is worthless now. */
function settleOldKeys(health: MaintenanceHealth, plan: Plan, oldRemains: boolean): void {
  if (!oldRemains) return health.clear('old_key_remains', plan.id);
  health.raise({
    code: 'old_key_remains',
    level: 'warning',
    message: `The old password or recovery words of "${plan.name}" still open its repository: the storage refused to remove their key.`,
    hint: `\`olares-backup key list ${shellWord(plan.name)}\`, then \`olares-backup key remove\``,
    planId: plan.id,
  });
}

function settleRecovery(health: MaintenanceHealth, plan: Plan, keys: readonly PlanKey[]): void {
  if (keys.some(({ role }) => role === 'recovery')) health.clear('recovery_key_missing', plan.id);
  else {
    health.raise({
      code: 'recovery_key_missing',
      level: 'warning',
      message: `"${plan.name}" has no recovery words: if its password is lost, so are its snapshots`,
      hint: `olares-backup key add --recovery ${shellWord(plan.name)}`,
      planId: plan.id,
    });
  }
}

/**
 * Says early what restic would say late, after a password was typed. A repository at the plan's own place is what a
 * cut-off arming left, or the helper refuses it.
 */
async function requireFree(
  location: string,
  { address }: RepositoryAccess,
  mode: 'create' | 'adopt',
): Promise<void> {
  if (mode === 'create' && isRepository(await namesIn(location))) {
    throw new AppError('conflict', `${location} holds a repository already`, {
      hint: 'take it over with --adopt and its password, or choose another location',
      field: 'location',
    });
  }
  const names = await namesIn(address);
  if (names.length > 0 && !isRepository(names)) {
    throw new AppError('conflict', `${address} is not empty and holds no repository`, {
      hint: 'choose an empty directory',
      field: 'location',
    });
  }
  if (mode === 'adopt' && names.length === 0) {
    throw new AppError('repository_missing', `there is no repository at ${address}`, { field: 'location' });
  }
}

const isRepository = (names: readonly string[]): boolean =>
  names.includes('config') && names.includes('keys');

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    // The helper may be allowed to look where the daemon is not; it will say the rest.
    if (error.code === 'ENOENT' || error.code === 'EACCES') return [];
    const fault = error.code === 'ENOTDIR' ? 'it or a part of it is a file' : error.message;
    throw new AppError('invalid_input', `the location ${directory} cannot be used: ${fault}`, {
      field: 'location',
      hint: 'name a directory, or one that does not exist yet',
      cause: error,
    });
  });
}
