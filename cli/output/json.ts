/** Names of numbers that are times although they do not end in `At`. */
const TIME_NAMES = new Set(['at', 'since', 'now', 'undoUntil']);
/** JSON lets these stand as they are, a terminal does not. */
const DANGEROUS = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const LATEST_DATE_MS = 8.64e15;

/** An API answer as a script reads it: times in RFC 3339 UTC, everything else as the daemon gave it. */
export function toJsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, replaceTimes, indent) ?? 'null';
  return text.replace(DANGEROUS, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function replaceTimes(key: string, value: unknown): unknown {
  const isTime = key.endsWith('At') || TIME_NAMES.has(key);
  if (!isTime || typeof value !== 'number' || Math.abs(value) > LATEST_DATE_MS) return value;
  return new Date(value).toISOString();
}
