import { AppError, cleanText, type CommandPayload, type SpaceCommand } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import { speakableCode, type Chance } from '../base/ids.ts';
import type { CommandOutcome, CommandRow } from '../store/command-table.ts';
import type { Store } from '../store/store.ts';
import { commandView } from './command-trail.ts';
import { resultOf, resultOfNote, type CommandResult } from './known-commands.ts';

/** More would only tire the person who has to look at them. */
const MAX_HELD = 20;
/** One more than a restore's, so that no code ever means two things. */
const CODE_LENGTH = 5;
const MAX_REASON_LENGTH = 500;

export interface Answer {
  readonly allow: boolean;
  readonly reason?: string;
}

export interface HeldOptions {
  readonly store: Pick<Store, 'commands' | 'commandJournal' | 'plans' | 'commit'>;
  readonly clock: Clock;
  readonly chance: Chance;
  /** The pairing that holds; undefined while there is none. */
  readonly deviceId: () => string | undefined;
}

/** Commands of Space that wait for a person's yes or no, oldest first. A restore's waiting is its request's. */
export function heldCommands(store: Pick<Store, 'commands' | 'plans'>): SpaceCommand[] {
  return heldRows(store).map((row) => commandView(store, row));
}

const heldRows = (store: Pick<Store, 'commands'>): CommandRow[] =>
  store.commands.waiting().filter(({ kind }) => kind !== 'restore.propose');

/** How it is held: waiting, with a code to answer with; or refused where that would be too much. */
export function holdCommand({ store, chance }: HeldOptions, command: CommandPayload): CommandOutcome {
  const held = heldRows(store);
  const isAsked = held.some(
    ({ kind, payload }) => kind === command.kind && aboutOf(payload) === aboutOf(command),
  );
  if (isAsked) return { status: 'refused', code: 'asked_already' };
  if (held.length >= MAX_HELD) return { status: 'refused', code: 'busy' };
  const taken = new Set(held.map(({ requestCode }) => requestCode));
  let requestCode = speakableCode(chance, CODE_LENGTH);
  while (taken.has(requestCode)) requestCode = speakableCode(chance, CODE_LENGTH);
  return { status: 'waiting', requestCode };
}

function aboutOf(command: CommandPayload | string): string {
  const { params } = typeof command === 'string' ? (JSON.parse(command) as CommandPayload) : command;
  return JSON.stringify(params);
}

/** @throws AppError `not_found` when nothing waits under this code or id, `refused` when its time is over */
export function requireHeld({ store, clock }: HeldOptions, codeOrId: string): CommandRow {
  const code = codeOrId.toUpperCase();
  const row = heldRows(store).find((held) => held.requestCode === code || held.commandId === codeOrId);
  if (!row) {
    throw new AppError('not_found', `nothing that Space asked waits under "${cleanText(codeOrId, 40)}"`, {
      hint: 'see `olares-backup request list`',
      field: 'command',
    });
  }
  if (isOver(row, clock)) throw new AppError('refused', 'its time is over; nothing was done');
  return row;
}

const isOver = ({ payload }: CommandRow, clock: Clock): boolean =>
  (JSON.parse(payload) as CommandPayload).expiresAt <= clock.now();

/** State and event are one transaction. */
export function endHeld(
  store: HeldOptions['store'],
  commandId: string,
  outcome: CommandOutcome,
): CommandResult {
  return store.commit((append) => {
    store.commands.settle(commandId, outcome);
    const row = store.commands.get(commandId);
    if (!row) return { commandId, ...outcome };
    append('command.state', { command: commandView(store, row) });
    return resultOf(row);
  });
}

export function declined({ reason }: Answer): CommandOutcome {
  const words = cleanText(reason ?? '', MAX_REASON_LENGTH).trim();
  return { status: 'refused', code: 'declined', ...(words !== '' && { reason: words }) };
}

/**
 * Those that nobody answered in time, those of a Space that was left, and those that were answered already by what is
 * noted beside an older copy of the database: each with how it ends.
 */
export function overdueCommands({ store, clock, deviceId }: HeldOptions): CommandResult[] {
  return heldRows(store).flatMap((row): CommandResult[] => {
    const noted = store.commandJournal.get(row.commandId);
    if (noted && noted.status !== 'waiting') return [resultOfNote(noted)];
    return isOver(row, clock) || row.deviceId !== deviceId()
      ? [{ commandId: row.commandId, status: 'expired' }]
      : [];
  });
}
