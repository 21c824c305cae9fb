import { isTest, type Source } from './sources.ts';
import { lineAt, walkSource } from './syntax.ts';

const LONGEST_TEST_FUNCTION = 60;
const CLOCK_OWNERS = /^daemon\/base\/|(^|\/)main\.tsx?$|^scripts\//;

/** Rules the linter cannot express: `new Date()` reads the clock, and only `describe` bodies of tests may be long. */
export function codeViolations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [
    ...clockReads(source),
    ...longTestFunctions(source),
    ...silencedGates(source),
  ]);
}

function clockReads(source: Source): string[] {
  if (isTest(source.path) || CLOCK_OWNERS.test(source.path)) return [];
  const found: string[] = [];
  walkSource(source, (node) => {
    const callee = node['callee'] as { name?: string } | undefined;
    const isClock = node.type === 'NewExpression' && callee?.name === 'Date';
    if (isClock && (node['arguments'] as unknown[]).length === 0) {
      found.push(
        `${source.path}:${lineAt(source.text, node.start)}: new Date() reads the clock; take one as a parameter`,
      );
    }
  });
  return found;
}

function longTestFunctions(source: Source): string[] {
  if (!/\.test\.tsx?$/.test(source.path)) return [];
  const found: string[] = [];
  walkSource(source, (node, ancestors) => {
    if (!/Function(Expression|Declaration)$/.test(node.type)) return;
    const call = ancestors.at(-1);
    const callee = call?.type === 'CallExpression' ? source.text.slice(call.start, call.start + 8) : '';
    const lines = source.text.slice(node.start, node.end).split('\n').length;
    if (lines > LONGEST_TEST_FUNCTION && callee !== 'describe') {
      found.push(`${source.path}:${lineAt(source.text, node.start)}: a function of ${lines} lines`);
    }
  });
  return found;
}

/** A gate that a comment can switch off is none. */
function silencedGates({ path, text }: Source): string[] {
  const gates = 'max-lines|max-lines-per-function|complexity|max-params|no-cycle|no-restricted-properties';
  const directive = new RegExp(
    `(?:ox|es)lint-disable(?!.*--)|(?:ox|es)lint-disable.*(?:${gates})|@ts-(?:nocheck|ignore)`,
  );
  return text.split('\n').flatMap((line, index) => {
    return directive.test(line) ? [`${path}:${index + 1}: a gate is switched off by a comment`] : [];
  });
}
