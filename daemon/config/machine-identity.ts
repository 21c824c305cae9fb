import { join } from 'node:path';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError, closed, parser, Uuid } from '../../contract/index.ts';
import type { Chance } from '../base/ids.ts';
import { readSecretFile, writeSecretFile } from '../base/secret-file.ts';

const MachineIdentity = closed({
  machineId: Uuid,
  /** Neutral, so that a repository does not tell the machine's name. */
  engineHost: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
});
export type MachineIdentity = Static<typeof MachineIdentity>;

const identityParser = parser(MachineIdentity);

/**
 * Made once for each state directory: restic finds its parents and its own locks by the host's name.
 * @throws AppError `config_invalid` when the file is there but broken
 */
export function machineIdentity(stateDir: string, chance: Chance): MachineIdentity {
  const path = join(stateDir, 'machine.json');
  const text = readSecretFile(path);
  if (text === undefined) {
    const machineId = chance.uuid();
    const identity = { machineId, engineHost: `olares-${machineId.slice(0, 8)}` };
    writeSecretFile(path, `${JSON.stringify(identity)}\n`);
    return identity;
  }
  try {
    return identityParser.parse(JSON.parse(text), path);
  } catch (error) {
    throw new AppError('config_invalid', `${path} is damaged`, {
      hint: 'put it back from a copy; without it (delete it) the next backups read all files again',
      cause: error,
    });
  }
}
