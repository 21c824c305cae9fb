import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCommandJournal, type CommandNote } from './command-journal.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'commands.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const note = (seq: number, change: Partial<CommandNote> = {}): CommandNote => ({
  commandId: `command ${seq}`,
  deviceId: 'device',
  seq,
  digest: 'd',
  status: 'done',
  ...change,
});
const once = <T>(look: (journal: ReturnType<typeof openCommandJournal>) => T): T => {
  const journal = openCommandJournal(path, 10);
  try {
    return look(journal);
  } finally {
    journal.close();
  }
};

it('clears away what a crash left of a file that was being written', () => {
  writeFileSync(`${path}.new`, 'half a li');
  once((journal) => journal.note(note(1)));
  expect(existsSync(`${path}.new`)).toBe(false);
});

it('knows after a restart what it was told, by the last word on each command', () => {
  once((journal) => {
    journal.note(note(1, { status: 'received' }));
    journal.note(note(2));
    journal.note(note(1, { status: 'refused', code: 'busy' }));
  });
  once((journal) => {
    expect(journal.get('command 1')).toEqual(note(1, { status: 'refused', code: 'busy' }));
    expect(journal.newestSeq('device')).toBe(2);
    expect(journal.newestSeq('another')).toBe(0);
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('bears a line that a power failure cut, and one that is no note', () => {
  once((journal) => journal.note(note(1)));
  appendFileSync(path, 'null\n{"commandId":"command 2","dev');
  once((journal) => journal.note(note(3)));
  once((journal) => {
    expect(journal.get('command 1')).toBeDefined();
    expect(journal.get('command 2')).toBeUndefined();
    expect(journal.newestSeq('device')).toBe(3);
  });
});

it('stays small and forgets no number', () => {
  once((journal) => {
    journal.note(note(900_000, { deviceId: 'former device', commandId: 'former' }));
    for (let seq = 1; seq <= 81; seq += 1) journal.note(note(seq));
  });
  expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(20);
  once((journal) => {
    expect(journal.newestSeq('former device')).toBe(900_000);
    expect(journal.newestSeq('device')).toBe(81);
    expect(journal.get('command 81')).toBeDefined();
    expect(journal.get('command 1')).toBeUndefined();
  });
});

describe.runIf(process.geteuid?.() === 0)('on a disk that is full', () => {
  beforeEach(() => void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]));
  afterEach(() => void execFileSync('umount', [folder]));
  const fill = (): void => {
    try {
      for (;;) appendFileSync(join(folder, 'filler'), Buffer.alloc(4096));
    } catch {
      // Full.
    }
  };
  const makeRoom = (): void => rmSync(join(folder, 'filler'));

  it('says that a note is not kept, and keeps the next one whole', () => {
    // The first bytes of the next note fit in the block that the file has already.
    writeFileSync(path, `${' '.repeat(4055)}\n`);
    once((journal) => {
      fill();
      expect(() => journal.note(note(1))).toThrow('ENOSPC');
      makeRoom();
      journal.note(note(2));
    });
    once((journal) => {
      expect(journal.get('command 1')).toBeUndefined();
      expect(journal.get('command 2')).toEqual(note(2));
    });
  });

  it('goes on with a long file when there is no room for a short one', () => {
    once((journal) => {
      for (let seq = 1; seq < 80; seq += 1) journal.note(note(seq));
      fill();
      journal.note(note(80));
      makeRoom();
      journal.note(note(81));
    });
    once((journal) => {
      expect(journal.newestSeq('device')).toBe(81);
      expect(journal.get('command 80')).toEqual(note(80));
    });
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(10);
  });
});
