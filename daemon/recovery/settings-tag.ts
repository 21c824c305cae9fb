import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parser, PlanLimits, PlanSettings, SETTINGS_TAG, type Plan } from '../../contract/index.ts';

/** Linux takes 128 KiB for one argument; a list of snapshots carries one of these for each. */
const LONGEST_TAG = 32 * 1024;
/** What a hostile tag may unfold to. */
const LARGEST_TEXT_BYTES = 4 * 1024 * 1024;
const settingsParser = parser(PlanSettings);
const limitsParser = parser(PlanLimits);

export interface SettingsSource {
  readonly plans: { list(): Plan[] };
  readonly machineName: string;
  /** restic's host of the plan's snapshots. */
  readonly hostOf: (planId: string) => string;
  /** What stands in the configuration file. */
  readonly config: Record<string, unknown>;
}

/** The tag that goes into each snapshot of a plan. What would make it too long is left out and named. */
export function settingsTag(source: SettingsSource, plan: Plan): string {
  const whole = settingsOf(source, plan);
  const withoutOthers = { ...whole, others: [], leftOut: ['others'] };
  const withoutExcludes = cut(withoutOthers, { excludes: [] });
  const withoutPaths = cut(withoutExcludes, { paths: [] });
  for (const settings of [whole, withoutOthers, withoutExcludes, withoutPaths]) {
    const tag = encode(settings);
    if (tag.length <= LONGEST_TAG) return tag;
  }
  return encode({ ...withoutPaths, config: {} });
}

/** The snapshot itself tells its paths. */
function cut(
  settings: PlanSettings,
  empty: Partial<Pick<PlanSettings['plan'], 'excludes' | 'paths'>>,
): PlanSettings {
  const leftOut = [...(settings.leftOut ?? []), ...Object.keys(empty)];
  return { ...settings, leftOut, plan: { ...settings.plan, ...empty } };
}

function settingsOf({ plans, machineName, hostOf, config }: SettingsSource, plan: Plan): PlanSettings {
  const { id, name, paths, excludes, schedule, zone, location, limits, createdAt } = plan;
  const others = plans
    .list()
    .filter((other) => other.id !== id)
    .flatMap((other) =>
      other.repository ? [{ id: other.id, name: other.name, address: other.repository.address }] : [],
    );
  return {
    version: 1,
    machine: machineName,
    host: hostOf(id),
    plan: {
      id,
      name,
      paths,
      excludes,
      schedule,
      zone,
      location,
      createdAt,
      ...(limits !== undefined && { limits }),
    },
    others,
    ...(Object.keys(config).length > 0 && { config }),
  };
}

const encode = (settings: PlanSettings): string =>
  `${SETTINGS_TAG}${deflateRawSync(JSON.stringify(settings)).toString('base64url')}`;

/** @returns undefined for a snapshot without settings, or with some that cannot be read */
export function settingsIn(tags: readonly string[]): PlanSettings | undefined {
  const tag = tags.find((one) => one.startsWith(SETTINGS_TAG));
  if (tag === undefined) return undefined;
  try {
    const packed = Buffer.from(tag.slice(SETTINGS_TAG.length), 'base64url');
    const text = inflateRawSync(packed, { maxOutputLength: LARGEST_TEXT_BYTES }).toString('utf8');
    const settings: unknown = JSON.parse(text);
    return settingsParser.check(settings) ? withKnownLimits(settings) : undefined;
  } catch {
    // Written by a newer agent, or not by an agent: the snapshot itself tells its paths.
    return undefined;
  }
}

/** Those of a newer agent may be unlike ours: what could not be obeyed as it was meant is left out, and said. */
function withKnownLimits(settings: PlanSettings): PlanSettings {
  const { limits, ...plan } = settings.plan;
  if (limits === undefined || limitsParser.check(limits)) return settings;
  return { ...settings, plan, leftOut: [...(settings.leftOut ?? []), 'limits'] };
}
