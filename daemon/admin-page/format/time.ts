const LOCALE = 'en-GB';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS = [
  { name: 'year', sizeMs: 365 * DAY_MS },
  { name: 'month', sizeMs: 30 * DAY_MS },
  { name: 'day', sizeMs: DAY_MS },
  { name: 'hour', sizeMs: HOUR_MS },
  { name: 'minute', sizeMs: MINUTE_MS },
] as const;

/** `3 hours ago`, `in 21 hours`, `just now`. Days only from 48 hours on: `in 26 hours` says more than `in 1 day`. */
export function formatRelative(at: number, now: number): string {
  const distanceMs = Math.abs(at - now);
  if (distanceMs < MINUTE_MS) return at > now ? 'in less than a minute' : 'just now';
  const step =
    STEPS.find(({ name, sizeMs }) => distanceMs >= (name === 'day' ? 2 * sizeMs : sizeMs)) ?? STEPS[4];
  const count = Math.floor(distanceMs / step.sizeMs);
  const words = `${count} ${step.name}${count === 1 ? '' : 's'}`;
  return at > now ? `in ${words}` : `${words} ago`;
}

/** `Fri, 20 Nov 2026, 18:40 CET (Europe/Berlin)`, in the given zone or the browser's. */
export function formatAbsolute(at: number, zone = browserZone()): string {
  const text = new Date(at).toLocaleString(LOCALE, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: zone,
  });
  return `${text} (${zone})`;
}

/** `20 Nov 2026, 18:40` for lists. */
export const formatShort = (at: number): string =>
  new Date(at).toLocaleString(LOCALE, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });

/** `42 s`, `3 min 5 s`, `2 h 14 min`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 1) return 'under 1 s';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(`${minutes} min`, seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(`${hours} h`, minutes % 60, 'min');
  return joined(`${Math.floor(hours / 24)} days`, hours % 24, 'h');
}

/** A remaining time, rounded so that it does not jump: `about 4 min left`. */
export function formatRemaining(remainingMs: number): string {
  if (remainingMs < 10_000) return 'a few seconds left';
  if (remainingMs < MINUTE_MS) return `about ${Math.ceil(remainingMs / 10_000) * 10} s left`;
  if (remainingMs < HOUR_MS) return `about ${Math.ceil(remainingMs / MINUTE_MS)} min left`;
  return `about ${formatDuration(Math.ceil(remainingMs / MINUTE_MS) * MINUTE_MS)} left`;
}

const joined = (first: string, rest: number, unit: string) =>
  rest === 0 ? first : `${first} ${rest} ${unit}`;

const browserZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;
