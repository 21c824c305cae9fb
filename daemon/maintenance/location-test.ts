import type { LocationTest, Plan, RepositoryAccess } from '../../contract/index.ts';
import type { ArmingDoor, MaintenanceEngine } from './maintenance-ports.ts';

export interface LocationTestOptions {
  readonly engine: MaintenanceEngine;
  readonly door: ArmingDoor;
  readonly config: { readonly engineHost: string };
}

/**
 * Connects to a plan's location as its backups will, and leaves nothing there.
 * @param options adopt: the location is a repository that is to be taken over
 * @throws AppError when the way to Space cannot even be asked for
 */
export async function testLocation(
  { engine, door, config }: LocationTestOptions,
  plan: Plan,
  { adopt = false } = {},
): Promise<LocationTest> {
  const access = await door.access(plan, { adopt });
  const credentials = door.credentialsFor(plan);
  const toMake = adopt ? ('adopt' as const) : ('create' as const);
  return await engine.run(
    {
      verb: 'probe',
      access,
      host: config.engineHost,
      base: placeOf(plan, access),
      mode: plan.state === 'unarmed' ? toMake : 'armed',
    },
    credentials && { credentials },
  );
}

/** Where the person put it; at Space that is the repository's own place. */
function placeOf({ location }: Plan, { address }: RepositoryAccess): string {
  if (location.kind === 'directory') return location.path;
  return location.kind === 'space' ? address : location.address;
}
