import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { BUILD_CONFIG, IMPORT_TABLE, NODE_OWNERS, type FolderRule } from './import-table.ts';
import { isTest, type Source } from './sources.ts';
import { findImports } from './syntax.ts';

/** Every import that the table does not allow, as `file:line: reason`. Tests may import anything. */
export function importViolations(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.includes('/') && !isTest(path))
    .flatMap((source) => {
      const rule = ruleFor(source.path);
      if (!rule) return [`${source.path}: the folder is not in the import table`];
      return findImports(source).flatMap(({ specifier, line }) => {
        const reason = specifier === undefined ? 'a computed import' : refusal(rule, source.path, specifier);
        return reason === undefined ? [] : [`${source.path}:${line}: ${reason}`];
      });
    });
}

/** The row of the longest folder that holds the path. A daemon part must have a row of its own. */
function ruleFor(path: string): FolderRule | undefined {
  const rule = IMPORT_TABLE.filter(({ folder }) => isIn(path, folder)).sort(
    (a, b) => b.folder.length - a.folder.length,
  )[0];
  const isUnknownPart = rule?.folder === 'daemon' && path.split('/').length > 2;
  if (rule === undefined || isUnknownPart) return undefined;
  return path.endsWith('.config.ts') ? { folder: rule.folder, ...BUILD_CONFIG } : rule;
}

function refusal(rule: FolderRule, path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relativeRefusal(rule, path, specifier);
  if (isBuiltin(specifier)) return nodeRefusal(rule, specifier);
  const name = packageName(specifier);
  return rule.packages.some((allowed) => packageMatches(allowed, name))
    ? undefined
    : `${rule.folder} may not use the package ${name}`;
}

function relativeRefusal(rule: FolderRule, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  // JSON beside the root (package.json's version) belongs to nobody.
  if (!target.includes('/') && target.endsWith('.json')) return undefined;
  const targetFolder = ruleFor(target)?.folder;
  if (isTest(target)) return `${specifier} is a test`;
  if (targetFolder === rule.folder) return undefined;
  // A row names whole folders; only daemon's own root may reach into every part.
  const allowed = rule.folders.some(
    (folder) => folder === targetFolder || (folder === 'daemon' && isIn(target, folder)),
  );
  return allowed ? undefined : `${rule.folder} may not import ${targetFolder ?? target}`;
}

function nodeRefusal(rule: FolderRule, specifier: string): string | undefined {
  if (!specifier.startsWith('node:')) return `write node:${specifier}`;
  if (!rule.node) return `${rule.folder} may not use Node's modules`;
  const owners = NODE_OWNERS[specifier.slice('node:'.length)];
  return owners === undefined || owners.includes(rule.folder)
    ? undefined
    : `${rule.folder} may not use ${specifier}`;
}

export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function packageMatches(allowed: string, name: string): boolean {
  return allowed.endsWith('/*') ? name.startsWith(allowed.slice(0, -1)) : allowed === name;
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
