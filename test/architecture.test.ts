import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeViolations } from './architecture/code-rules.ts';
import { importViolations } from './architecture/import-rules.ts';
import { packageViolations, type Manifest } from './architecture/package-rules.ts';
import { projectFiles, projectSources, ROOT, type Source } from './architecture/sources.ts';

const sources = projectSources();
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const plant = (path: string, text: string): Source[] => [{ path, text }];

describe('the import table', () => {
  it('is kept by every source', () => {
    expect(importViolations(sources)).toEqual([]);
  });

  it.each([
    ['contract/x.ts', "import fs from 'node:fs';", "contract may not use Node's modules"],
    ['contract/x.ts', "import { a } from '../daemon/base/a.ts';", 'contract may not import daemon/base'],
    ['cli/x.ts', "import { a } from '../helper/a.ts';", 'cli may not import helper'],
    ['cli/x.ts', "import Database from 'better-sqlite3';", 'cli may not use the package better-sqlite3'],
    ['helper/x.ts', "import { a } from '../daemon/store/a.ts';", 'helper may not import daemon/store'],
    ['space/x.ts', "import { a } from '../daemon/base/a.ts';", 'space may not import daemon/base'],
    ['space/x.ts', "import { a } from './console/a.ts';", 'space may not import space/console'],
    [
      'daemon/store/x.ts',
      "import type { Job } from '../jobs/job.ts';",
      'daemon/store may not import daemon/jobs',
    ],
    ['daemon/jobs/x.ts', "import { a } from '../engine/a.ts';", 'daemon/jobs may not import daemon/engine'],
    ['daemon/jobs/x.ts', "export * from '../plans/a.ts';", 'daemon/jobs may not import daemon/plans'],
    [
      'daemon/jobs/x.ts',
      "const a = await import('../local-api/a.ts');",
      'daemon/jobs may not import daemon/local-api',
    ],
    [
      'daemon/jobs/x.ts',
      "type A = import('../space-link/a.ts').A;",
      'daemon/jobs may not import daemon/space-link',
    ],
    ['daemon/jobs/x.ts', "const a = require('../engine/a.ts');", 'daemon/jobs may not import daemon/engine'],
    ['daemon/jobs/x.ts', "import { a } from '../daemon.ts';", 'daemon/jobs may not import daemon'],
    ['daemon/plans/x.ts', "import cron from 'node-cron';", 'daemon/plans may not use the package node-cron'],
    ['daemon/jobs/x.ts', "import { execa } from 'execa';", 'daemon/jobs may not use the package execa'],
    [
      'daemon/local-api/x.ts',
      "import { WebSocket } from 'ws';",
      'daemon/local-api may not use the package ws',
    ],
    [
      'daemon/space-link/x.ts',
      "import f from '@fastify/static';",
      'daemon/space-link may not use the package @fastify/static',
    ],
    [
      'daemon/admin-page/x.tsx',
      "import { join } from 'node:path';",
      "daemon/admin-page may not use Node's modules",
    ],
    [
      'daemon/jobs/x.ts',
      "import { spawn } from 'node:child_process';",
      'daemon/jobs may not use node:child_process',
    ],
    ['daemon/jobs/x.ts', "import { env } from 'node:process';", 'daemon/jobs may not use node:process'],
    ['daemon/store/x.ts', "import fs from 'fs';", 'write node:fs'],
    ['daemon/store/x.ts', 'const a = await import(name);', 'a computed import'],
    ['daemon/store/x.ts', "import { a } from './a.test.ts';", './a.test.ts is a test'],
    ['space/s3/x.ts', "import { a } from '../testing/a.ts';", '../testing/a.ts is a test'],
    ['daemon/utils/x.ts', 'export const a = 1;', 'the folder is not in the import table'],
    ['lib/x.ts', 'export const a = 1;', 'the folder is not in the import table'],
  ])('refuses in %s: %s', (path, text, reason) => {
    expect(importViolations(plant(path, text)).join()).toContain(reason);
  });

  it.each([
    ['daemon/daemon.ts', "import { a } from './jobs/a.ts'; import { b } from '../contract/index.ts';"],
    ['daemon/jobs/x.ts', "import { a } from '../store/a.ts'; import { b } from './sub/b.ts';"],
    [
      'space/console/vite.config.ts',
      "import { join } from 'node:path'; import { defineConfig } from 'vite';",
    ],
    ['daemon/store/x.test.ts', "import { a } from '../jobs/a.ts';"],
    ['space/s3/x.ts', "import { a } from '../api/a.ts'; import { createHash } from 'node:crypto';"],
  ])('allows in %s: %s', (path, text) => {
    expect(importViolations(plant(path, text))).toEqual([]);
  });
});

describe('package.json', () => {
  it('declares what is imported, and only that, each at one version', () => {
    expect(packageViolations(sources, manifest)).toEqual([]);
  });

  it.each([
    ['an import nobody declared', "import x from 'left-pad';", {}, 'left-pad is not in package.json'],
    ['a development package in a program', "import x from 'vitest';", {}, 'vitest is a devDependency'],
    ['a package without a user', '', { 'left-pad': '1.0.0' }, 'nothing uses left-pad'],
    ['a version range', "import x from 'left-pad';", { 'left-pad': '^1.0.0' }, 'not pinned to one version'],
  ])('refuses %s', (_name, text, dependencies, reason) => {
    const planted = {
      dependencies: dependencies as Record<string, string>,
      devDependencies: { vitest: '4.1.11' },
    };
    expect(packageViolations(plant('daemon/store/x.ts', text), planted).join()).toContain(reason);
  });
});

describe('the rules the linter cannot express', () => {
  it('are kept by every source', () => {
    expect(codeViolations(sources)).toEqual([]);
  });

  const longTest = `it('x', () => {${'\n'.repeat(61)}});`;
  const ignore = ['@ts', 'ignore'].join('-');
  const disable = ['oxlint', 'disable-next-line'].join('-');
  it.each([
    ['a read of the clock', 'daemon/jobs/x.ts', 'const at = new Date();', 'reads the clock'],
    ['a long test', 'daemon/jobs/x.test.ts', longTest, 'a function of 62 lines'],
    ['a silenced compiler', 'daemon/jobs/x.ts', `// ${ignore}`, 'switched off by a comment'],
    [
      'a silenced gate',
      'daemon/jobs/x.ts',
      `// ${disable} complexity -- it is hard`,
      'switched off by a comment',
    ],
    [
      'a silenced rule without a reason',
      'daemon/jobs/x.ts',
      `// ${disable} no-empty`,
      'switched off by a comment',
    ],
  ])('refuse %s', (_name, path, text, reason) => {
    expect(codeViolations(plant(path, text)).join()).toContain(reason);
  });

  it('let a describe body be long and a date be made of a number', () => {
    const body = `describe('x', () => {${'\n'.repeat(99)}});`;
    expect(codeViolations(plant('daemon/jobs/x.test.ts', body))).toEqual([]);
    expect(codeViolations(plant('daemon/jobs/x.ts', 'new Date(5);'))).toEqual([]);
  });
});

describe('every file of the project', () => {
  // Written in pieces, so that this file does not find itself.
  const words = [
    '../sha_red',
    '/work/sha_red',
    '/work/ma_in',
    'help_er session',
    'deb.deb_ian.org',
    'registry.npm_js.org',
  ];
  const forbidden = words.map((word) => word.replace('_', ''));
  const mentions = ({ path, text }: Source) =>
    forbidden.filter((word) => text.toLowerCase().includes(word)).map((word) => `${path}: mentions ${word}`);

  it('stands on its own: it names no package registry and nothing outside the checkout', () => {
    const texts = projectFiles().map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
    expect(texts.flatMap(mentions)).toEqual([]);
  });

  it.each(forbidden)('may not mention %s', (word) => {
    expect(mentions({ path: 'x.md', text: `see ${word}` })).toHaveLength(1);
  });
});
