import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

const OXLINT = join(ROOT, 'node_modules', '.bin', 'oxlint');

interface Finding {
  readonly code: string;
  readonly filename: string;
}

/** Answers what oxlint finds in a folder with the project's configuration. */
function lint(folder: string): Promise<Finding[]> {
  return new Promise((resolve, reject) => {
    execFile(
      OXLINT,
      ['-f', 'json'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (!stdout.startsWith('{')) return reject(new Error(`oxlint: ${stderr}${stdout}`, { cause: error }));
        resolve((JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics);
      },
    );
  });
}

const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join('\n');

/** One file for each rule that must bite, and for each owner that it must leave alone. */
const PLANTED: Record<string, { text: string; code: string | undefined }> = {
  'daemon/jobs/long-file.ts': { text: `export {};\n${lines(300, '//')}`, code: 'max-lines' },
  'daemon/jobs/full-file.ts': { text: `export {};\n${lines(299, '//')}`, code: undefined },
  'daemon/jobs/long-function.ts': {
    text: `export function a(): void {\n${lines(59, '//')}\n}`,
    code: 'max-lines-per-function',
  },
  'daemon/jobs/full-function.ts': {
    text: `export function a(): void {\n${lines(58, '//')}\n}`,
    code: undefined,
  },
  'daemon/jobs/complex.ts': {
    text: `export const f = (a: number): number => {\n${lines(10, '  if (a > 1) return a;')}\n  return 0;\n};`,
    code: 'complexity',
  },
  'daemon/jobs/many-parameters.ts': {
    text: 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;',
    code: 'max-params',
  },
  'daemon/jobs/cycle-a.ts': {
    text: "import type { B } from './cycle-b.ts';\nexport type A = { b: B };",
    code: 'no-cycle',
  },
  'daemon/jobs/cycle-b.ts': {
    text: "import type { A } from './cycle-a.ts';\nexport type B = { a: A };",
    code: 'no-cycle',
  },
  'daemon/jobs/clock.ts': {
    text: 'export const now = (): number => Date.now();',
    code: 'no-restricted-properties',
  },
  'daemon/jobs/chance.ts': {
    text: 'export const a = (): number => Math.random();',
    code: 'no-restricted-properties',
  },
  'helper/env.ts': { text: 'export const home = process.env;', code: 'no-restricted-properties' },
  'cli/exit.ts': {
    text: 'export const stop = (): void => process.exit(1);',
    code: 'no-restricted-properties',
  },
  'daemon/base/env.ts': { text: 'export const home = process.env;', code: 'no-restricted-properties' },
  'daemon/config/clock.ts': { text: 'export const now = Date.now();', code: 'no-restricted-properties' },
  'space/any.ts': { text: 'export const a = (b: any): number => b;', code: 'no-explicit-any' },
  'space/swallow.ts': { text: 'export const a = () => { try { b(); } catch {} };', code: 'no-empty' },
  'space/print.ts': { text: "export const a = () => console.log('a');", code: 'no-console' },
  'daemon/base/clock.ts': { text: 'export const now = (): number => Date.now();', code: undefined },
  'daemon/config/env.ts': { text: 'export const home = process.env;', code: undefined },
  'cli/main.ts': { text: 'process.exit(Date.now());', code: undefined },
};

describe('the linter', () => {
  let folder: string;
  let found: Finding[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'planted-'));
    copyFileSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const [path, { text }] of Object.entries(PLANTED)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), `${text}\n`);
    }
    found = await lint(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.entries(PLANTED).map(([path, { code }]) => [path, code]))('judges %s: %s', (path, code) => {
    const codes = found.filter(({ filename }) => filename === path).map((finding) => finding.code);
    expect(codes.map((name) => /\((.+)\)/.exec(name)?.[1])).toEqual(code === undefined ? [] : [code]);
  });

  it('finds nothing in the project', async () => {
    expect((await lint(ROOT)).map(({ code, filename }) => `${filename}: ${code}`)).toEqual([]);
  });
});
