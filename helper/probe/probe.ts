import { AppError } from '../../contract/errors.ts';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import type { LocationTest } from '../../contract/model/location-test.ts';
import { openCredentials, type OpenCredentials } from '../engine/open-credentials.ts';
import { openMachineRepository } from '../engine/machine-repository.ts';
import { withSignIn } from '../engine/sign-in.ts';
import type { Session } from '../session.ts';
import { parseAddress, type StoragePlace } from '../storage/address.ts';
import { openObjects } from '../storage/objects.ts';
import { clearTextDoubt } from './clear-text.ts';
import { directorySteps } from './directory.ts';
import { offeredHostKeys } from './host-keys.ts';
import { s3Steps } from './s3.ts';
import { sftpSteps } from './sftp.ts';
import type { Probe, Request } from './probe-types.ts';
import { walk, type Doubt, type Step } from './steps.ts';

/**
 * Tries what a backup will need of a location, and leaves nothing there. A location that cannot be used is a result, not
 * an error.
 */
export async function probe(request: Request, session: Session): Promise<LocationTest> {
  const { access } = request;
  if (access.address.startsWith('sftp:') && (access.ssh?.hostKeys.length ?? 0) === 0) {
    return await showHostKeys(session, access);
  }
  let opened: OpenCredentials | undefined;
  let signedIn = access;
  const open = async (): Promise<string | Doubt> => {
    signedIn = withSignIn(access);
    opened = await openCredentials(session, access);
    return clearTextDoubt(access) ?? 'they can be read';
  };
  try {
    const first = access.credentials.kind === 'file' ? [{ name: 'credentials', look: open }] : [];
    const keys = await walk(first, session.cancel);
    if (keys.failure) return keys;
    if (first.length === 0) await open();
    const parts = { session, request, access: signedIn, credentials: opened?.get };
    const rest = await walk([...placeSteps(parts), repositoryStep(parts)], session.cancel);
    return { ...rest, steps: [...keys.steps, ...rest.steps] };
  } finally {
    opened?.close();
  }
}

async function showHostKeys(session: Session, access: RepositoryAccess): Promise<LocationTest> {
  let hostKeys: LocationTest['hostKeys'] = [];
  const test = await walk(
    [
      {
        name: 'host',
        look: async () => {
          hostKeys = await offeredHostKeys(session, parseAddress(access));
          return 'it answers, and shows keys that have to be confirmed';
        },
      },
    ],
    session.cancel,
  );
  return test.failure ? test : { ...test, hostKeys };
}

function placeSteps(probe: Probe): Step[] {
  const place: StoragePlace = parseAddress({ ...probe.access, address: probe.request.base });
  if (place.kind === 'directory') return directorySteps(probe, place.path);
  if (place.kind === 's3') return s3Steps(probe);
  if (place.kind === 'sftp') return sftpSteps(probe, place);
  return [];
}

/** There must be one, or none: making a new one where one was would hide the loss of every snapshot. */
function repositoryStep({ session, request, access, credentials }: Probe): Step {
  const read = async (address: string) =>
    await openObjects(session, { ...access, address }, credentials).read('config');
  return {
    name: 'repository',
    async look() {
      const config = await read(access.address);
      if (request.mode === 'create') {
        // At Space the plan's place is all that can be asked for.
        const isOwnPlace = request.base === request.access.address;
        if (!isOwnPlace && (await read(baseAddress(request, access)))) throw occupied(request.base);
        return config ? 'one was begun here for this plan' : 'none yet, a new one can be made';
      }
      if (!config) throw missing(request);
      if (request.mode === 'armed') {
        await using _repository = await openMachineRepository(session, {
          verb: 'probe',
          access: request.access,
        });
        return 'it is the one of this plan';
      }
      return 'there is one to take over with its password';
    },
  };
}

/** The place itself, signed in to like the repository in it. */
function baseAddress({ base }: Request, { address }: RepositoryAccess): string {
  const signIn = /^rest:https?:\/\/([^/@]*@)/.exec(address)?.[1] ?? '';
  return base.replace(/^(rest:https?:\/\/)/, `$1${signIn}`);
}

const occupied = (base: string) =>
  new AppError('conflict', `${base} holds a repository already`, {
    field: 'location',
    hint: 'take it over with --adopt and its password, or choose another location',
  });

function missing({ mode, access }: Request): AppError {
  return new AppError('repository_missing', `there is no repository at ${access.address}`, {
    hint:
      mode === 'armed'
        ? 'check that its disk is mounted and its storage intact; nothing was made anew in its place'
        : 'name the directory that holds its "config" file, or leave --adopt out to make a new one',
    field: 'location',
    retry: 'after_action',
  });
}
