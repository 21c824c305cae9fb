const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1.4 GiB`: three figures are enough for a person. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  // 1023.96 MiB would read "1024.0 MiB".
  if (power > 0 && value >= 999.5 && power < UNITS.length - 1)
    return `${(value / 1024).toFixed(2)} ${UNITS[power + 1]}`;
  const digits = power === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}

export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something took: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return twoParts(ms, [MINUTE, 'min'], [SECOND, 's']);
  if (ms < DAY) return twoParts(ms, [HOUR, 'h'], [MINUTE, 'min']);
  return twoParts(ms, [DAY, 'd'], [HOUR, 'h']);
}

function twoParts(
  ms: number,
  [big, bigName]: [number, string],
  [small, smallName]: [number, string],
): string {
  const rounded = Math.round(ms / small) * small;
  const rest = Math.round((rounded % big) / small);
  return `${Math.floor(rounded / big)} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** How far away: `3 minutes ago`, `in 2 hours`, `now`. */
export function formatRelative(at: number, now: number): string {
  const distance = Math.abs(at - now);
  if (distance < 10 * SECOND) return 'now';
  const words = distanceWords(distance);
  return at < now ? `${words} ago` : `in ${words}`;
}

/** How long something has been so: `3 minutes`. */
export function formatSpan(ms: number): string {
  return distanceWords(Math.max(0, ms));
}

function distanceWords(distance: number): string {
  if (distance < MINUTE) return plural(Math.round(distance / SECOND), 'second');
  if (distance < HOUR) return plural(Math.round(distance / MINUTE), 'minute');
  if (distance < 2 * DAY) return plural(Math.round(distance / HOUR), 'hour');
  if (distance < 60 * DAY) return plural(Math.round(distance / DAY), 'day');
  if (distance < 730 * DAY) return plural(Math.round(distance / (30.44 * DAY)), 'month');
  return plural(Math.round(distance / (365.25 * DAY)), 'year');
}

/** Wall time with its zone: `2026-11-20 18:31 +01:00` here, `2026-11-20 18:31 Europe/Berlin` for a named zone. */
export function formatTime(at: number, zone?: string): string {
  const parts = zonedParts(at, zone);
  const day = `${parts['year']}-${parts['month']}-${parts['day']}`;
  return `${day} ${parts['hour']}:${parts['minute']} ${zone ?? offset(parts['timeZoneName'] ?? '')}`;
}

function zonedParts(at: number, zone: string | undefined): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** Node names offsets `GMT+01:00`, and UTC `GMT` or `GMT+00:00`. */
function offset(name: string): string {
  const digits = name.replace('GMT', '');
  return digits === '' || digits === '+00:00' ? 'UTC' : digits;
}

/** Absolute and relative: `2026-11-20 18:31 UTC (3 minutes ago)`. */
export function formatMoment(at: number, now: number, zone?: string): string {
  return `${formatTime(at, zone)} (${formatRelative(at, now)})`;
}
