/** A secret to look for, and what to call it when it is found (never its value). */
export interface Canary {
  readonly name: string;
  readonly value: Buffer;
}

export interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

const MIN_BYTES = 12;

/** Every form in which a secret is likely to leak. */
export function needlesOf(canaries: readonly Canary[]): Needle[] {
  return canaries.flatMap(({ name, value }) => {
    if (value.length < MIN_BYTES) throw new Error(`${name} is too short to be looked for`);
    return [...formsOf(value)].map(([form, bytes]) => ({ name, form, bytes }));
  });
}

function formsOf(value: Buffer): Map<string, Buffer> {
  const text = value.toString('utf8');
  const hex = value.toString('hex');
  const forms = new Map<string, Buffer>([
    ['raw', value],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['reversed', Buffer.from(value).reverse()],
  ]);
  for (const offset of [0, 1, 2]) {
    const inside = base64Inside(value, offset);
    forms.set(`base64 at ${offset}`, Buffer.from(inside));
    forms.set(`base64url at ${offset}`, Buffer.from(inside.replaceAll('+', '-').replaceAll('/', '_')));
  }
  if (Buffer.from(text, 'utf8').equals(value)) {
    const escaped = encodeURIComponent(text);
    forms.set('URL-encoded', Buffer.from(escaped));
    forms.set('URL-encoded, lower case', Buffer.from(escaped.replace(/%../g, (code) => code.toLowerCase())));
    forms.set('form-encoded', Buffer.from(new URLSearchParams({ '': text }).toString().slice(1)));
    forms.set('JSON', Buffer.from(JSON.stringify(text).slice(1, -1)));
    const wide = Buffer.from(text, 'utf16le');
    forms.set('UTF-16LE', wide);
    forms.set('UTF-16BE', Buffer.from(wide).swap16());
  }
  return forms;
}

/** What of a text's base64 does not depend on what stands before and after it. */
function base64Inside(value: Buffer, offset: number): string {
  const all = Buffer.concat([Buffer.alloc(offset), value]);
  const full = all.toString('base64').replace(/=+$/, '');
  return full.slice([0, 2, 3][offset], all.length % 3 === 0 ? undefined : -1);
}

/** @returns `name as form` of everything found */
export function findSecrets(data: Buffer, needles: readonly Needle[]): string[] {
  return needles.filter(({ bytes }) => data.includes(bytes)).map(({ name, form }) => `${name} as ${form}`);
}
