const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const LOCALE = 'en-GB';

/** IEC units with three figures at most: `12.3 GiB`, `999 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 and more would round to 1024 of a unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

export const formatCount = (count: number): string => count.toLocaleString(LOCALE);

/** `1 file`, `1,204 files`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** Whole percent that never says 100 before the end. */
export const formatPercent = (fraction: number): string =>
  `${fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100))} %`;
