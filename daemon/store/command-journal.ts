import { closeSync, fdatasyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { removeUnfinished, writeSecretFile } from '../base/secret-file.ts';
import type { ResultStatus } from '../../contract/index.ts';

/** What is known of a command of Space beside the database. */
export interface CommandNote {
  readonly commandId: string;
  readonly deviceId: string;
  readonly seq: number;
  /** Of the text as signed. */
  readonly digest: string;
  /** `received`: an effect was about to happen, and perhaps did. */
  readonly status: ResultStatus;
  readonly code?: string;
  readonly requestCode?: string;
  readonly reason?: string;
}

/**
 * Commands that were carried out, in a file of their own: an older copy of the database that is put back has forgotten
 * them, and must not let them happen again.
 */
export interface CommandJournal {
  get(commandId: string): CommandNote | undefined;
  /** Highest number of this device, 0 if none. */
  newestSeq(deviceId: string): number;
  /**
   * Durable when it returns; a later note of the same command replaces an earlier one.
   * @throws the file system's error
   */
  note(note: CommandNote): void;
  close(): void;
}

/** Older commands are known by their number alone: a lower one than the device's newest is never carried out. */
const KEPT = 1000;
/** The file is written anew when it has this many lines for each that is kept; a command has two or three. */
const LINES_EACH = 8;

export function openCommandJournal(path: string, keep = KEPT): CommandJournal {
  removeUnfinished(path);
  const { notes, lines: found, endsClean } = read(path);
  let lines = found;
  let file = openSync(path, 'a', 0o600);
  // A line cut by a power failure or a full disk must not swallow the next one.
  let isCut = !endsClean;
  const newest = new Map<string, number>();
  const pin = ({ deviceId, seq }: CommandNote): void =>
    void newest.set(deviceId, Math.max(newest.get(deviceId) ?? 0, seq));
  for (const note of notes.values()) pin(note);

  const shorten = (): void => {
    const kept = newestOf(notes, newest, keep);
    writeSecretFile(path, kept.map(toLine).join(''));
    const former = file;
    file = openSync(path, 'a', 0o600);
    closeSync(former);
    notes.clear();
    for (const note of kept) put(notes, note);
    lines = kept.length;
  };

  return {
    get: (commandId) => notes.get(commandId),
    newestSeq: (deviceId) => newest.get(deviceId) ?? 0,
    note(note) {
      const line = `${isCut ? '\n' : ''}${toLine(note)}`;
      isCut = true;
      writeFileSync(file, line);
      isCut = false;
      fdatasyncSync(file);
      put(notes, note);
      pin(note);
      lines += 1;
      if (lines < LINES_EACH * keep) return;
      try {
        shorten();
      } catch {
        // The disk is full. Nothing is lost, only longer; the next note tries again.
      }
    },
    close: () => closeSync(file),
  };
}

/** As the newest. */
function put(notes: Map<string, CommandNote>, note: CommandNote): void {
  notes.delete(note.commandId);
  notes.set(note.commandId, note);
}

const toLine = (note: CommandNote): string => `${JSON.stringify(note)}\n`;

/** The newest notes, and of each device the one with its highest number. */
function newestOf(
  notes: ReadonlyMap<string, CommandNote>,
  newest: ReadonlyMap<string, number>,
  keep: number,
): CommandNote[] {
  const all = [...notes.values()];
  const first = all.length - keep;
  return all.filter((note, index) => index >= first || newest.get(note.deviceId) === note.seq);
}

function read(path: string): { notes: Map<string, CommandNote>; lines: number; endsClean: boolean } {
  const text = readIfThere(path);
  const notes = new Map<string, CommandNote>();
  const lines = text.split('\n');
  for (const line of lines) {
    const note = parse(line);
    if (note) put(notes, note);
  }
  return { notes, lines: lines.length - 1, endsClean: text === '' || text.endsWith('\n') };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** A line that is no note is a torn one: what it was about was never carried out, or is noted again by the database. */
function parse(line: string): CommandNote | undefined {
  try {
    const note = JSON.parse(line) as Partial<CommandNote> | null;
    const isNote = typeof note?.commandId === 'string' && typeof note.deviceId === 'string';
    return isNote && Number.isSafeInteger(note.seq) ? (note as CommandNote) : undefined;
  } catch {
    // Not JSON: as above.
    return undefined;
  }
}
