import {
  AppError,
  cleanText,
  fromErrorBody,
  type HostKey,
  type Location,
  type LocationTest,
  type NewPlan,
  type OfferedHostKey,
  type RegionsAnswer,
} from '../contract/index.ts';
import { stepLines } from './output/step-lines.ts';
import { requireConsent } from './prompts/consent.ts';
import type { Session } from './session.ts';

export interface CheckOptions {
  readonly adopt?: boolean;
  /** What the person knows of the SSH host: fingerprints (`SHA256:…`) or public keys. */
  readonly hostKey?: string[];
}

/**
 * Tries the location before anything is made, and has the key of an SSH host confirmed.
 * @returns the plan with the confirmed host keys in its location
 * @throws AppError `conflict` for a name that is taken, `invalid_input`; as the location failed; `refused` when the host
 *   key is not confirmed
 */
export async function checkLocation(
  session: Session,
  plan: NewPlan,
  options: CheckOptions,
): Promise<NewPlan> {
  const known = withLocation(plan, withKeys(plan.location, keysGiven(options)));
  // A wrong name or path is said before anything far away is asked, which may take long.
  await session.api.call('testNewPlan', { body: { plan: known, connect: false } });
  await requireRegion(session, plan);
  session.print.note('Trying the location …');
  const test = await ask(session, known, options);
  if (!test.hostKeys || test.failure) return finish(session, known, test);
  const keys = await confirmKeys(session, plan, test.hostKeys, options);
  const confirmed = withLocation(known, withKeys(known.location, keys));
  return finish(session, confirmed, await ask(session, confirmed, options));
}

const withLocation = (plan: NewPlan, location: Location | undefined): NewPlan =>
  location ? { ...plan, location } : plan;

/**
 * For a repository that is looked into before any plan is made.
 * @returns the location, of an SSH host with the keys that the person knows or confirms
 * @throws AppError `refused` when nobody confirms them, `invalid_input` for keys of a location that has none
 */
export async function confirmHost(
  session: Session,
  location: Location,
  options: CheckOptions,
): Promise<Location> {
  const known = withKeys(location, keysGiven(options));
  const isKnown = keysGiven(options).length > 0;
  if (known.kind !== 'sftp' || isKnown) return known;
  // Only a probe tells the keys of a host; the plan is never made.
  const plan = { name: `look-${session.runtime.now()}`, paths: ['/'], location: known };
  const test = await ask(session, plan, { adopt: true });
  if (!test.hostKeys || test.failure) failOn(session, test);
  const keys = await confirmKeys(session, plan, test.hostKeys ?? [], options);
  return withKeys(location, keys);
}

const keysGiven = ({ hostKey = [] }: CheckOptions): string[] => hostKey.filter((key) => !isFingerprint(key));

/** @throws AppError `invalid_input` for a region that the Space does not offer, naming those it does */
async function requireRegion(session: Session, { location }: NewPlan): Promise<void> {
  if (location?.kind !== 'space' || location.regionId === undefined) return;
  const regions = await session.api.call('listRegions');
  const isOffered = regions.some(
    ({ regionId, cloudName }) =>
      regionId.toLowerCase() === location.regionId &&
      (location.cloudName === undefined || cloudName.toLowerCase() === location.cloudName),
  );
  if (isOffered) return;
  throw new AppError('invalid_input', `--region: the Space has no region "${location.regionId}"`, {
    field: '--region',
    hint: `choose one of ${regions.map(regionText).join(', ')}`,
  });
}

/** As `--region` takes it. */
export const regionText = ({ regionId, cloudName, regionName }: RegionsAnswer[number]): string =>
  cleanText(`${cloudName}/${regionId}${regionName === undefined ? '' : ` (${regionName})`}`, 120);

const ask = async (session: Session, plan: NewPlan, { adopt }: CheckOptions): Promise<LocationTest> =>
  await session.api.call('testNewPlan', { body: { plan, ...(adopt && { adopt }) } });

function finish(session: Session, plan: NewPlan, test: LocationTest): NewPlan {
  failOn(session, test);
  return plan;
}

/** @throws AppError what failed, after the steps that led there were shown */
export function failOn(session: Session, test: LocationTest): void {
  const worthSaying = test.failure ? test.steps : test.steps.filter(({ level }) => level !== 'ok');
  for (const step of worthSaying)
    for (const line of stepLines(session.print.style, step)) session.print.note(line);
  if (test.failure) throw fromErrorBody(test.failure);
}

const isFingerprint = (text: string): boolean => text.startsWith('SHA256:');
const HOST_KEY = /\b((?:ssh|ecdsa|sk)[a-z0-9@.-]+) ([A-Za-z0-9+/]{16,}={0,3})/;

/** @throws AppError `invalid_input` for what is no public key, or a location that has none */
function withKeys<L extends Location | undefined>(location: L, texts: readonly string[]): L | Location {
  if (texts.length === 0) return location;
  if (location?.kind !== 'sftp') {
    throw new AppError('invalid_input', '--host-key is for a location that begins with sftp:', {
      field: '--host-key',
    });
  }
  return { ...location, hostKeys: texts.map(parseHostKey) };
}

/** A line of `known_hosts`, of a `.pub` file or of `ssh-keyscan`. */
export function parseHostKey(text: string): HostKey {
  const [, type, key] = HOST_KEY.exec(text) ?? [];
  if (type !== undefined && key !== undefined) return `${type} ${key}`;
  throw new AppError('invalid_input', `--host-key: "${text}" is neither a fingerprint nor a public key`, {
    field: '--host-key',
    hint: 'on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints the fingerprint, SHA256:…',
  });
}

async function confirmKeys(
  session: Session,
  plan: NewPlan,
  offered: readonly OfferedHostKey[],
  { hostKey = [] }: CheckOptions,
): Promise<string[]> {
  const fingerprints = hostKey.filter(isFingerprint);
  if (fingerprints.length > 0) return matching(offered, fingerprints);
  const address = plan.location?.kind === 'sftp' ? plan.location.address : '';
  if (!session.interactive || session.yes) throw unconfirmed(offered);
  session.print.note(`${cleanText(address, 200)} shows these keys:`);
  for (const line of offered.map(keyLine)) session.print.note(`  ${line}`);
  session.print.note('Compare with the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
  await requireConsent(session, {
    message: 'Are these the keys of your host? Whoever stands in between could show others.',
    untouched: 'nothing was made or changed',
  });
  return offered.map(({ key }) => key);
}

function matching(offered: readonly OfferedHostKey[], fingerprints: readonly string[]): string[] {
  const found = offered.filter(({ fingerprint }) => fingerprints.includes(fingerprint));
  if (found.length > 0) return found.map(({ key }) => key);
  throw new AppError('refused', 'the host shows other keys than the one given by --host-key', {
    field: '--host-key',
    hint: `it shows ${offered.map(keyLine).join(', ')}: ask whoever runs it`,
  });
}

const unconfirmed = (offered: readonly OfferedHostKey[]): AppError =>
  new AppError('refused', 'the key of the SSH host has to be confirmed by a person', {
    field: '--host-key',
    hint: `compare with the host, then add --host-key '${offered[0]?.fingerprint ?? 'SHA256:…'}'`,
  });

const keyLine = ({ key, fingerprint }: OfferedHostKey): string =>
  `${cleanText(key.split(' ')[0] ?? '')} ${cleanText(fingerprint)}`;
