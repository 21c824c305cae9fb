/** RFC 3339 with up to nine digits of a second, which `Date` would cut to three; -1 for what is no time. */
export function nanoseconds(time: string): bigint {
  const [, seconds = '', fraction = '', zone = 'Z'] =
    /^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(milliseconds)) return -1n;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
