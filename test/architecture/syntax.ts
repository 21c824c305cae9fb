import { parseSync } from 'vite';
import type { Source } from './sources.ts';

/** One import of a file: static, re-export, dynamic, of a type, or `require`. */
export interface Import {
  /** The specifier as written; undefined when it is computed, which no gate can judge. */
  readonly specifier: string | undefined;
  readonly line: number;
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Calls `visit` for every node of the file; `ancestors` ends with the node's parent. */
export function walkSource(
  source: Source,
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
): void {
  const { program, errors } = parseSync(source.path, source.text);
  if (errors.length > 0) throw new Error(`${source.path} cannot be parsed: ${errors[0]?.message ?? ''}`);
  const ancestors: SyntaxNode[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (!isNode(value)) return;
    visit(value, ancestors);
    ancestors.push(value);
    Object.values(value).forEach(walk);
    ancestors.pop();
  };
  walk(program);
}

export function findImports(source: Source): Import[] {
  const found: Import[] = [];
  walkSource(source, (node) => {
    const target = importTarget(node);
    if (target === undefined) return;
    const specifier =
      typeof target === 'object' && isNode(target) && target.type === 'Literal' ? target['value'] : undefined;
    found.push({
      specifier: typeof specifier === 'string' ? specifier : undefined,
      line: lineAt(source.text, node.start),
    });
  });
  return found;
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The node that names what is imported, or undefined when the node imports nothing. */
function importTarget(node: SyntaxNode): unknown {
  if (node.type === 'CallExpression')
    return isRequire(node) ? (node['arguments'] as unknown[])[0] : undefined;
  return /^(Import|Export(Named|All))(Declaration|Expression)$|^TSImportType$/.test(node.type)
    ? (node['source'] ?? undefined)
    : undefined;
}

function isRequire(call: SyntaxNode): boolean {
  const callee = call['callee'];
  const [target] = call['arguments'] as unknown[];
  // A function of ours may bear the name; one that loads a module is called with a text.
  const loads = isNode(target) && typeof target['value'] === 'string';
  return loads && isNode(callee) && callee.type === 'Identifier' && callee['name'] === 'require';
}

function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}
