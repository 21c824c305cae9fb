/**
 * Which minutes of local wall time a schedule means. Wall time is counted in milliseconds as if the place were on UTC,
 * so that days and months are plain arithmetic; zones come in later.
 */
export interface WallPattern {
  /** Ascending, at least one. */
  readonly minutes: readonly number[];
  /** Ascending, at least one. */
  readonly hours: readonly number[];
  readonly matchesDay: (day: WallDay) => boolean;
}

export interface WallDay {
  /** 1–12 */
  readonly month: number;
  /** 1–31 */
  readonly day: number;
  /** 0 = Sunday */
  readonly weekday: number;
  /** 28–31: the last day of this month */
  readonly lastDay: number;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** 29 February comes after 8 years at the latest. */
const LONGEST_SEARCH_DAYS = 9 * 366;

/** @returns the first wall time of the pattern at or after this one; undefined when it never comes */
export function firstMatch(pattern: WallPattern, from: number): number | undefined {
  const firstDay = Math.floor(from / DAY_MS) * DAY_MS;
  for (let n = 0; n < LONGEST_SEARCH_DAYS; n++) {
    const day = firstDay + n * DAY_MS;
    if (!pattern.matchesDay(wallDay(day))) continue;
    const match = firstOfDay(pattern, day, from);
    if (match !== undefined) return match;
  }
  return undefined;
}

function firstOfDay({ hours, minutes }: WallPattern, day: number, from: number): number | undefined {
  for (const hour of hours) {
    if (day + (hour + 1) * HOUR_MS <= from) continue;
    for (const minute of minutes) {
      const at = day + hour * HOUR_MS + minute * MINUTE_MS;
      if (at >= from) return at;
    }
  }
  return undefined;
}

function wallDay(at: number): WallDay {
  const date = new Date(at);
  const month = date.getUTCMonth();
  return {
    month: month + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    lastDay: new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate(),
  };
}
