import { createHash } from 'node:crypto';
import type { CommandPayload, ResultStatus } from '../../contract/index.ts';
import type { CommandNote } from '../store/command-journal.ts';
import type { CommandRow } from '../store/command-table.ts';
import type { Store } from '../store/store.ts';

export interface CommandResult {
  readonly commandId: string;
  readonly status: ResultStatus;
  readonly code?: string;
  readonly requestCode?: string;
  readonly reason?: string;
}

/** The answer to a command that was here before, or is older than one that was. */
export function answerKnown(
  store: Pick<Store, 'commands' | 'commandJournal'>,
  command: CommandPayload,
  text: string,
): CommandResult | undefined {
  const { commandId, deviceId, seq } = command;
  const row = store.commands.get(commandId);
  if (row) return row.payload === text ? resultOf(row) : refusal(commandId, 'id_used_before');
  const noted = store.commandJournal.get(commandId);
  if (noted)
    return noted.digest === digestOf(text) ? resultOfNote(noted) : refusal(commandId, 'id_used_before');
  const newest = Math.max(store.commands.newestSeq(deviceId), store.commandJournal.newestSeq(deviceId));
  return seq <= newest ? refusal(commandId, 'replayed') : undefined;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

export function noteOf({ commandId, deviceId, seq }: CommandPayload, text: string) {
  return { commandId, deviceId, seq, digest: digestOf(text) };
}

/** Nobody knows whether a command that was only begun had its effect; it is not tried again. */
export function resultOfNote(note: CommandNote): CommandResult {
  if (note.status === 'received') return { commandId: note.commandId, status: 'failed', code: 'interrupted' };
  return pickResult(note);
}

export const resultOf = (row: CommandRow): CommandResult => pickResult(row);

interface Kept extends Pick<CommandResult, 'commandId' | 'status'> {
  readonly code?: string | null;
  readonly requestCode?: string | null;
  readonly reason?: string | null;
}

function pickResult({ commandId, status, code, requestCode, reason }: Kept): CommandResult {
  const words = Object.entries({ code, requestCode, reason }).filter(([, word]) => typeof word === 'string');
  return { commandId, status, ...Object.fromEntries(words) };
}

export function refusal(commandId: string, code: string): CommandResult {
  return { commandId, status: 'refused', code };
}
