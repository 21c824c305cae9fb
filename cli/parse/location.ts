import { resolve } from 'node:path';
import { AppError, type Location } from '../../contract/index.ts';

/** What belongs to a location beside its address. */
export interface LocationFlags {
  readonly location?: string;
  readonly credentialsFile?: string;
  readonly caFile?: string;
  readonly region?: string;
  readonly sshKey?: string;
}

type Kind = Location['kind'];
type Flag = Exclude<keyof LocationFlags, 'location'>;

const FLAGS: Readonly<Record<Flag, { readonly name: string; readonly kinds: readonly Kind[] }>> = {
  credentialsFile: { name: '--credentials-file', kinds: ['s3', 'rest'] },
  caFile: { name: '--ca-file', kinds: ['s3', 'rest'] },
  region: { name: '--region', kinds: ['space', 's3'] },
  sshKey: { name: '--ssh-key', kinds: ['sftp'] },
};

/**
 * What `--location` and its companions mean: `space`, restic's address of a storage, or a directory. Nothing when none of
 * them is given.
 * @param cwd what a relative path is relative to
 * @throws AppError `invalid_input` for a kind of storage that the agent does not know, or a flag of another kind
 */
export function parseLocation(flags: LocationFlags, cwd: string): Location | undefined {
  const given = Object.entries(flags).filter(([name, value]) => name in FLAGS && value !== undefined);
  if (flags.location === undefined && given.length === 0) return undefined;
  const text = flags.location ?? 'space';
  const kind = kindOf(text);
  refuseStrangers(given as [Flag, string][], kind, text);
  return BUILD[kind](text, { ...flags, ...filesOf(flags, cwd) }, cwd);
}

type Build = (text: string, flags: LocationFlags, cwd: string) => Location;

const BUILD: Readonly<Record<Kind, Build>> = {
  space: (_text, { region }) => ({ kind: 'space', ...(region !== undefined && spaceRegion(region)) }),
  directory: (text, _flags, cwd) => ({ kind: 'directory', path: resolve(cwd, text) }),
  s3: (text, { credentialsFile, caFile, region }) => ({
    kind: 's3',
    address: requireRest(text, 's3:https://HOST/BUCKET/PATH'),
    ...(credentialsFile !== undefined && { credentialsFile }),
    ...(caFile !== undefined && { caFile }),
    ...(region !== undefined && { region: plainRegion(region) }),
  }),
  rest: (text, { credentialsFile, caFile }) => ({
    kind: 'rest',
    address: requireRest(text, 'rest:https://HOST:8000/PATH'),
    ...(credentialsFile !== undefined && { credentialsFile }),
    ...(caFile !== undefined && { caFile }),
  }),
  sftp: (text, { sshKey }) => ({
    kind: 'sftp',
    address: requireRest(text, 'sftp:USER@HOST:/PATH'),
    ...(sshKey !== undefined && { keyFile: sshKey }),
  }),
};

function filesOf(flags: LocationFlags, cwd: string): LocationFlags {
  const given = (['credentialsFile', 'caFile', 'sshKey'] as const).flatMap((name) => {
    const path = flags[name];
    return path === undefined ? [] : [[name, resolve(cwd, path)]];
  });
  return Object.fromEntries(given) as LocationFlags;
}

function kindOf(text: string): Kind {
  if (text === '') throw new AppError('invalid_input', '--location is empty', { field: '--location' });
  if (text === 'space') return 'space';
  const kind = /^([a-z0-9]+):/.exec(text)?.[1];
  if (kind === undefined) return 'directory';
  if (kind === 's3' || kind === 'rest' || kind === 'sftp') return kind;
  throw new AppError('invalid_input', `--location: "${kind}:" is no kind of storage that is known here`, {
    field: '--location',
    hint: 'give space, a directory, s3:…, rest:… or sftp:…; a directory of that name is ./' + text,
  });
}

function refuseStrangers(given: readonly [Flag, string][], kind: Kind, text: string): void {
  const stranger = given.map(([flag]) => FLAGS[flag]).find(({ kinds }) => !kinds.includes(kind));
  if (!stranger) return;
  const meant = stranger.kinds.map((wanted) => (wanted === 'space' ? 'Space' : `${wanted}:`)).join(' or ');
  throw new AppError(
    'invalid_input',
    `${stranger.name} is for a location of the kind ${meant}, not for "${text}"`,
    { field: stranger.name },
  );
}

/** `REGION`, or `CLOUD/REGION` where Space has several clouds. */
function spaceRegion(text: string): { regionId: string; cloudName?: string } {
  const [region = '', cloud] = text.split('/').toReversed();
  if (cloud === undefined) return { regionId: plainRegion(region) };
  if (/^(aws|tencentcloud)$/.test(cloud)) return { regionId: plainRegion(region), cloudName: cloud };
  throw new AppError('invalid_input', `--region: "${cloud}" is no cloud of Space`, {
    field: '--region',
    hint: 'write REGION, aws/REGION or tencentcloud/REGION',
  });
}

function plainRegion(text: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(text)) return text;
  throw new AppError('invalid_input', `--region: "${text}" is no name of a region`, {
    field: '--region',
    hint: 'for instance eu-central-1',
  });
}

function requireRest(text: string, example: string): string {
  if (text.length > text.indexOf(':') + 1) return text;
  throw new AppError('invalid_input', `--location: "${text}" names no place`, {
    field: '--location',
    hint: `write for instance ${example}`,
  });
}
