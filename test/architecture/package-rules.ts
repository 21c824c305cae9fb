import { isBuiltin } from 'node:module';
import { packageName } from './import-rules.ts';
import { isTest, type Source } from './sources.ts';
import { findImports } from './syntax.ts';

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Packages that work by being called, loaded or typed instead of imported, and what for. */
const USED_WITHOUT_IMPORT: Readonly<Record<string, string>> = {
  oxfmt: 'the formatter',
  oxlint: 'the linter',
  typescript: 'the compiler',
  '@types/node': 'types',
  '@types/better-sqlite3': 'types',
  '@types/cli-progress': 'types',
  '@types/ws': 'types',
};

/** Imports that package.json does not declare, and packages that nothing uses. */
export function packageViolations(sources: readonly Source[], manifest: Manifest): string[] {
  const users = new Map<string, Set<string>>();
  for (const source of sources) {
    for (const { specifier } of findImports(source)) {
      if (specifier === undefined || specifier.startsWith('.') || isBuiltin(specifier)) continue;
      const name = packageName(specifier);
      users.set(name, (users.get(name) ?? new Set()).add(source.path));
    }
  }
  return [...undeclared(users, manifest), ...unused(users, manifest), ...unpinned(manifest)];
}

function undeclared(users: ReadonlyMap<string, ReadonlySet<string>>, manifest: Manifest): string[] {
  return [...users].flatMap(([name, paths]) => {
    if (name in manifest.dependencies) return [];
    if (name in manifest.devDependencies) {
      return [...paths]
        .filter((path) => !isDevelopmentOnly(path))
        .map((path) => `${path}: ${name} is a devDependency`);
    }
    return [...paths].map((path) => `${path}: ${name} is not in package.json`);
  });
}

function isDevelopmentOnly(path: string): boolean {
  return isTest(path) || path.startsWith('scripts/') || path.endsWith('.config.ts');
}

function unused(users: ReadonlyMap<string, ReadonlySet<string>>, manifest: Manifest): string[] {
  const runtime = Object.keys(manifest.dependencies).filter(
    (name) => ![...(users.get(name) ?? [])].some((path) => !isDevelopmentOnly(path)),
  );
  const development = Object.keys(manifest.devDependencies).filter(
    (name) => !users.has(name) && !(name in USED_WITHOUT_IMPORT),
  );
  return [...runtime, ...development].map((name) => `package.json: nothing uses ${name}`);
}

function unpinned({ dependencies, devDependencies }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `package.json: ${name} is not pinned to one version (${version})`);
}
