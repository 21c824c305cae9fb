import { AppError } from '../../contract/index.ts';
import { foldName } from '../store/fold-name.ts';
import type { NameQuery } from '../store/index-reader.ts';

/** What a person searches for: first by the last name, which the database can do, then by the directories before it. */
export interface NamePattern {
  readonly query: NameQuery;
  /** Whether a path with a fitting last name fits as a whole. */
  fits(path: string): boolean;
}

/**
 * Without `*` and `?` a part of the name, with them the whole name. With a `/` the directories before it count too: a
 * glob then is about the whole path, where `**` stands for any number of directories and a beginning without `/` for
 * any place. Letters fit their capitals. Nothing else is special.
 * @throws AppError `invalid_input` when there is nothing to search for
 */
export function parseNamePattern(text: string): NamePattern {
  const folded = foldName(text).replace(/\/+$/, '');
  if (folded === '') {
    throw new AppError('invalid_input', `pattern: "${text}" names nothing`, {
      field: 'pattern',
      hint: "give a part of a name, or a pattern in quotes, e.g. '*.jpg' or 'Photos/**/*.jpg'",
    });
  }
  const cut = folded.lastIndexOf('/');
  const name = folded.slice(cut + 1);
  if (/[*?]/.test(folded)) {
    const query: NameQuery = { how: 'glob', text: name.replaceAll('[', '[[]').replace(/\*+/g, '*') };
    return { query, fits: cut < 0 ? () => true : globPath(folded) };
  }
  if (cut < 0) return { query: { how: 'contains', text: name }, fits: () => true };
  const directories = folded.slice(0, cut);
  return {
    query: { how: 'glob', text: `${name.replaceAll('[', '[[]')}*` },
    fits: (path) => foldName(path.slice(0, path.lastIndexOf('/'))).endsWith(directories),
  };
}

function globPath(glob: string): (path: string) => boolean {
  const parts = glob.split('/').filter((part) => part !== '');
  const whole = glob.startsWith('/') ? parts : ['**', ...parts];
  return (path) => {
    const names = foldName(path)
      .split('/')
      .filter((name) => name !== '');
    return matches(whole, names, {
      isMany: (part) => part === '**',
      fits: (part, name) =>
        matches([...part], [...name], {
          isMany: (character) => character === '*',
          fits: (wanted, found) => wanted === '?' || wanted === found,
        }),
    });
  };
}

interface Matching {
  /** Stands for any number of items, none too. */
  readonly isMany: (wanted: string) => boolean;
  readonly fits: (wanted: string, found: string) => boolean;
}

/** Goes back only to the last "many": at most wanted × found steps, whatever a hostile pattern looks like. */
function matches(wanted: readonly string[], found: readonly string[], { isMany, fits }: Matching): boolean {
  let at = 0;
  let many = -1;
  let resume = 0;
  for (let index = 0; index < found.length;) {
    const want = wanted[at];
    if (want !== undefined && isMany(want)) {
      many = at;
      at += 1;
      resume = index;
    } else if (want !== undefined && fits(want, found[index] ?? '')) {
      at += 1;
      index += 1;
    } else if (many >= 0) {
      at = many + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  return wanted.slice(at).every(isMany);
}
