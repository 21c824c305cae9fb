/** More stars in one name could cost a match without end; such a pattern is left out, and the count is too large. */
const MAX_STARS = 4;

interface Rule {
  readonly isNegated: boolean;
  readonly expression: RegExp;
}

/**
 * Which absolute paths patterns of restic leave out, near enough for an estimate: what is below a match is left out by
 * whoever walks from above. A later pattern with `!` takes a path back.
 */
export function excludeMatcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.flatMap(ruleOf);
  return (path) =>
    rules.reduce((isOut, rule) => (rule.expression.test(`${path}/`) ? !rule.isNegated : isOut), false);
}

function ruleOf(pattern: string): Rule[] {
  const isNegated = pattern.startsWith('!');
  const bare = isNegated ? pattern.slice(1) : pattern;
  const names = bare.split('/').filter((name) => name !== '');
  if (names.length === 0 || names.some((name) => name.split('*').length > MAX_STARS + 1)) return [];
  const body = names.map((name) => (name === '**' ? '(?:[^/]+/)*' : `${nameExpression(name)}/`)).join('');
  try {
    return [{ isNegated, expression: new RegExp(`${bare.startsWith('/') ? '^/' : '(?:^|/)'}${body}`, 's') }];
  } catch {
    // A class that no expression can have: nothing matches it.
    return [];
  }
}

/** As Go's `filepath.Match`, for one name of a path. */
function nameExpression(name: string): string {
  const parts = name.match(/\\.|\[(?:\\.|[^\]\\])+\]|[^]/gsu) ?? [];
  return parts
    .map((part) => {
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      if (part.length > 1 && part.startsWith('['))
        return part.replaceAll(/[[\]]/g, (bracket, at) =>
          at === 0 || at === part.length - 1 ? bracket : `\\${bracket}`,
        );
      const letter = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
      return letter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
}
