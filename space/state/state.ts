import { join } from 'node:path';
import type { Clock, Random } from '../ids.ts';
import { Accounts } from './accounts.ts';
import { CommandKeys } from './command-keys.ts';
import { Commands } from './commands.ts';
import { ConsoleAccess } from './console-access.ts';
import { openDatabase, type Db } from './database.ts';
import { Devices } from './devices.ts';
import { Events } from './events.ts';
import { PairingCodes } from './pairing-codes.ts';
import { Records } from './records.ts';

/** Everything a Space remembers except stored objects. */
export interface State {
  readonly db: Db;
  readonly accounts: Accounts;
  readonly devices: Devices;
  readonly pairingCodes: PairingCodes;
  readonly commandKeys: CommandKeys;
  readonly commands: Commands;
  readonly events: Events;
  readonly records: Records;
  readonly consoleAccess: ConsoleAccess;
  setting(name: string): string | undefined;
  setSetting(name: string, value: string): void;
  close(): void;
}

export const DATABASE_NAME = 'space.db';

export function openState(options: { dataDir: string; clock: Clock; random: Random }): State {
  const { clock, random } = options;
  const db = openDatabase(join(options.dataDir, DATABASE_NAME));
  const parts = { db, clock, random };
  return {
    db,
    accounts: new Accounts(parts),
    devices: new Devices(parts),
    pairingCodes: new PairingCodes(parts),
    commandKeys: new CommandKeys(parts),
    commands: new Commands(parts),
    events: new Events(parts),
    records: new Records(parts),
    consoleAccess: new ConsoleAccess(parts),
    setting: (name) =>
      db.prepare('SELECT value FROM settings WHERE name = ?').pluck().get(name) as string | undefined,
    setSetting: (name, value) => {
      db.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)').run(name, value);
    },
    close: () => {
      db.close();
    },
  };
}
