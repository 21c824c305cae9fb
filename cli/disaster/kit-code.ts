import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError, parser, ResticId, Uuid } from '../../contract/index.ts';

/** What a kit's code says of a repository. It holds no secret: the words and the password stay on paper and in heads. */
export const KitFacts = Type.Object({
  /** restic's address of the repository. */
  address: Type.String({ minLength: 1, maxLength: 4096 }),
  repositoryId: ResticId,
  planId: Uuid,
  name: Type.String({ maxLength: 200 }),
  /** Keys that the password and the words open, to be tried first. */
  keyIds: Type.Array(ResticId, { maxItems: 8 }),
});
export type KitFacts = Static<typeof KitFacts>;

const facts = parser(KitFacts);
const PREFIX = 'olares-kit1:';
const CODE = /olares-kit1:([A-Za-z0-9_-]+)/;

/** One line that can be scanned, pasted and typed into `restore` and `adopt`. */
export function formatKitCode({ address, repositoryId, planId, name, keyIds }: KitFacts): string {
  const short = [address, repositoryId, planId, name, ...keyIds];
  return `${PREFIX}${Buffer.from(JSON.stringify(short)).toString('base64url')}`;
}

/** A pasted kit has its code broken into lines. */
export function hasKitCode(text: string): boolean {
  return CODE.test(joined(text));
}

/** @throws AppError `invalid_input` when the text holds no code, or a damaged one */
export function parseKitCode(text: string): KitFacts {
  const packed = CODE.exec(joined(text))?.[1] ?? '';
  try {
    const short: unknown = JSON.parse(Buffer.from(packed, 'base64url').toString('utf8'));
    if (Array.isArray(short)) {
      const [address, repositoryId, planId, name, ...keyIds] = short as unknown[];
      return facts.parse({ address, repositoryId, planId, name, keyIds }, 'kit');
    }
  } catch {
    // Said below, in words that help.
  }
  throw new AppError('invalid_input', 'this is not the code of a recovery kit, or a part of it is missing', {
    field: 'kit',
    hint: `it begins with ${PREFIX} and is one long word; copy all of it, or give the file with --kit FILE`,
  });
}

/** Only what follows the prefix, up to the next empty line. */
function joined(text: string): string {
  const start = text.indexOf(PREFIX);
  if (start < 0) return text;
  const [block = ''] = text.slice(start).split(/\n\s*\n/);
  return block.replace(/\s+/g, '');
}
