/** Numbers in [0, 1) that a seed names (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Chance = () => number;

const whole = (chance: Chance, limit: number): number => Math.floor(chance() * limit);
const pick = <T>(chance: Chance, list: readonly T[]): T => list[whole(chance, list.length)] as T;

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  '\u0000',
  '\ud800',
  '\u001b[2J\u202e',
  '../../etc/passwd',
  "'; DROP TABLE commands; --",
  '${jndi:x}',
  'x'.repeat(5_000),
  [],
  {},
  [[[[[[]]]]]],
  { __proto__: null, constructor: 1 },
  { toString: 1, valueOf: 1 },
  Array.from({ length: 300 }, () => 0),
];

/** Anything JSON can say, up to a depth. */
function oddValue(chance: Chance, depth: number): unknown {
  if (depth === 0 || chance() < 0.6) return pick(chance, ODD_VALUES);
  if (chance() < 0.5) return Array.from({ length: whole(chance, 4) }, () => oddValue(chance, depth - 1));
  return Object.fromEntries(
    Array.from({ length: whole(chance, 4) }, () => [
      pick(chance, ['type', 'seq', '__proto__', 'a', '']),
      oddValue(chance, depth - 1),
    ]),
  );
}

const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  'null',
  'NaN',
  '{',
  '"',
  '[1,',
  '{"type":',
  '<!doctype html><title>Sign in</title>',
  '['.repeat(10_000),
  '{"a":'.repeat(5_000),
  '{"type":"command","type":"ack"}',
  '\ufeff{}',
  '1e999999',
];

/** One text that is not what was expected: cut, bent, mixed or nonsense, made from a right one. */
export function garbage(chance: Chance, right: object): string {
  const text = JSON.stringify(right);
  const kind = whole(chance, 6);
  if (kind === 0) return text.slice(0, whole(chance, text.length));
  if (kind === 1) return JSON.stringify(bent(chance, right));
  if (kind === 2)
    return JSON.stringify({ ...right, [pick(chance, ['target', '__proto__', 'x'])]: oddValue(chance, 2) });
  if (kind === 3) return flipped(chance, text);
  if (kind === 4) return pick(chance, ODD_TEXTS);
  return JSON.stringify(oddValue(chance, 4)) ?? '';
}

/** With one of its fields, at any depth, gone or replaced. */
function bent(chance: Chance, right: object): unknown {
  const entries = Object.entries(right);
  const [name, value] = pick(chance, entries.length > 0 ? entries : [['x', 1]]) as [string, unknown];
  if (typeof value === 'object' && value !== null && chance() < 0.6)
    return { ...right, [name]: bent(chance, value) };
  return { ...right, [name]: chance() < 0.2 ? undefined : oddValue(chance, 2) };
}

function flipped(chance: Chance, text: string): string {
  const at = whole(chance, text.length);
  return text.slice(0, at) + String.fromCharCode(whole(chance, 0x250)) + text.slice(at + 1);
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'get', 'FOO', ''];
const HEADERS = [
  'Content-Type: application/json',
  'Content-Type: text/plain',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: multipart/form-data; boundary=x',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Host: evil.example',
  'Origin: http://evil.example',
  `X-Long: ${'x'.repeat(4_000)}`,
  'X-Bad\u0001: y',
  ': nothing',
  'Range: bytes=-1',
  'Authorization: AWS4-HMAC-SHA256 Credential=/////',
];

/** The bytes of one HTTP request that may be wrong in every part. `rights` are right bodies by path. */
export function garbageRequest(chance: Chance, rights: readonly (readonly [string, object])[]): Buffer {
  const [path, right] = pick(chance, rights);
  const body = Buffer.from(garbage(chance, right));
  const isForm = chance() < 0.3;
  const length = chance() < 0.9 ? body.length : whole(chance, 1e9);
  const lines = [
    `${chance() < 0.7 ? 'POST' : pick(chance, METHODS)} ${oddPath(chance, path)} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Content-Length: ${length}`,
    `Content-Type: application/${isForm ? 'x-www-form-urlencoded' : 'json'}`,
    'Connection: close',
    ...(chance() < 0.3 ? [pick(chance, HEADERS)] : []),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const whole_ = Buffer.concat([head, body]);
  return chance() < 0.05 ? whole_.subarray(0, whole(chance, whole_.length)) : whole_;
}

const PATH_ENDS = [
  '',
  '',
  '',
  '?x=%',
  '?limit=1e99',
  '/..',
  '/%00',
  '/%ff',
  `/${'x'.repeat(3_000)}`,
  '//',
  '?a=1&a=2',
];

const oddPath = (chance: Chance, path: string): string => path + pick(chance, PATH_ENDS);
