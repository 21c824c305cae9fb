import { AppError } from '../../contract/errors.ts';
import { asObject } from '../state/events.ts';

/** The body of a call as named texts, whichever form it came in. */
export type Fields = Readonly<Record<string, string>>;

/** What URLSearchParams and encodeURIComponent leave; any other character tells a body that nobody encoded. */
const ENCODED_ONLY = /^[A-Za-z0-9*\-._~!'()+%&=]*$/;
/** The only values that the real agent encodes. */
const ENCODED_ALWAYS: ReadonlySet<string> = new Set(['sk', 'st']);
const HAS_ESCAPES = /%[0-9A-Fa-f]{2}/;

/**
 * Reads a JSON object, or a form in either of two spellings: percent-encoded, or as the real agent builds it by plain
 * string formatting, with `:`, `{`, `+` and even `&` standing for themselves inside values.
 * @param names the fields of this call: in the unencoded spelling only these begin a new value
 * @throws AppError `invalid_input`
 */
export function readFields(body: string, contentType: string, names: readonly string[]): Fields {
  if (contentType.split(';')[0]?.trim().toLowerCase() === 'application/json') return readJson(body, names);
  const isEncoded = ENCODED_ONLY.test(body);
  const parts = isEncoded ? body.split('&') : splitAtNames(body, names);
  const fields: Record<string, string> = {};
  for (const part of parts) {
    const cut = part.indexOf('=');
    const name = cut < 0 ? part : part.slice(0, cut);
    if (!names.includes(name)) continue;
    const value = cut < 0 ? '' : part.slice(cut + 1);
    fields[name] = isEncoded || ENCODED_ALWAYS.has(name) ? decodeValue(value, isEncoded) : value;
  }
  return fields;
}

/** @throws AppError `invalid_input` naming the missing field */
export function requireField(fields: Fields, name: string, maxLength = 4096): string {
  const value = fields[name];
  if (value === undefined || value === '')
    throw new AppError('invalid_input', `${name} is missing`, { field: name });
  if (value.length > maxLength) {
    throw new AppError('invalid_input', `${name} is longer than ${maxLength} characters`, { field: name });
  }
  return value;
}

/** @throws AppError `invalid_input` for anything but a whole number from 0 up; an absent field is the default */
export function numberField(fields: Fields, name: string, whenAbsent: number): number {
  const text = fields[name];
  if (text === undefined || text === '') return whenAbsent;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new AppError('invalid_input', `${name} is "${text.slice(0, 40)}", but must be a whole number`, {
      field: name,
    });
  }
  return value;
}

function readJson(body: string, names: readonly string[]): Fields {
  const object = asObject(parseJson(body));
  if (!object) throw new AppError('invalid_input', 'the body is not a JSON object');
  const known = Object.entries(object).filter(([name]) => names.includes(name));
  return Object.fromEntries(
    known.flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
    ),
  );
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new AppError('invalid_input', 'the body is not JSON', { cause });
  }
}

/**
 * An `&` belongs to the value before it unless a known name follows that was not there yet: the real agent writes each
 * name once and its free text last.
 */
function splitAtNames(body: string, names: readonly string[]): string[] {
  const parts: string[] = [];
  const left = new Set(names);
  for (const piece of body.split('&')) {
    const name = piece.slice(0, Math.max(piece.indexOf('='), 0));
    const last = parts.length - 1;
    if (left.delete(name) || last < 0) parts.push(piece);
    else parts[last] = `${parts[last]}&${piece}`;
  }
  return parts;
}

/** `+` is a space only where all is encoded. */
function decodeValue(value: string, bodyIsEncoded: boolean): string {
  const spaced = bodyIsEncoded ? value.replaceAll('+', ' ') : value;
  if (!ENCODED_ONLY.test(value) || !HAS_ESCAPES.test(value)) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A stray % in a raw value is a per cent sign.
    return spaced;
  }
}
