import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { build } from '../build.mjs';

const FILES = {
  'cli/main.ts': "import { late } from './late.ts';\nconsole.log(await late());",
  'cli/late.ts': "export const late = async (): Promise<string> => (await import('./later.ts')).text;",
  'cli/later.ts': "export const text = 'loaded late';",
  'daemon/main.ts': "#!/usr/bin/env node\nconsole.log(require('node:os').EOL === '\\n');",
  'helper/main.ts':
    "const late = async () => typeof (await import('node:https')).request;\n" +
    'void late().then((text) => console.log(process.argv.length, import.meta.url, text));',
  'space/main.ts': 'export {};',
  'contract/x.ts': 'export {};',
  'scripts/build/x.mjs': '',
  'scripts/build.mjs': '',
  'package.json': '{ "type": "module" }',
  'package-lock.json': '{}',
  'tsconfig.base.json': '{}',
  'daemon/admin-page/vite.config.ts': 'export default {};',
  'daemon/admin-page/index.html': '<p>admin</p>',
  'space/console/vite.config.ts': 'export default {};',
  'space/console/index.html': '<p>console</p>',
};

let root: string;
let said: string[];
const run = () => build({ root, say: (text: string) => said.push(text) });

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'build-'));
  said = [];
  for (const [path, text] of Object.entries(FILES)) write(path, text);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('builds programs that start by themselves, load late what they import late, and may require', async () => {
  await run();
  const start = (name: string) => execFileSync(join(root, 'dist', name), { encoding: 'utf8' }).trim();
  expect(start('olares-backup.mjs')).toBe('loaded late');
  expect(start('olares-backupd.mjs')).toBe('true');
  expect(readdirSync(join(root, 'dist'))).toEqual(expect.arrayContaining(['admin-page', 'console']));
});

it('keeps what V8 compiled of the helper, which starts as well without, and imports late with it', async () => {
  await run();
  const start = () => execFileSync(join(root, 'dist', 'olares-backup-helper.mjs'), { encoding: 'utf8' });
  const said = `2 ${pathToFileURL(join(root, 'dist', 'olares-backup-helper.mjs')).href} function\n`;
  expect(start()).toBe(said);
  const chunks = join(root, 'dist', 'chunks');
  const cache = readdirSync(chunks).find((name) => name.endsWith('.cjs.cache')) ?? '';
  expect(statSync(join(chunks, cache)).mode & 0o777).toBe(0o644);
  const whole = readFileSync(join(chunks, cache));
  // What V8 does not look at before it uses it.
  writeFileSync(join(chunks, cache), whole.fill(0xff, 64));
  expect(start()).toBe(said);
  writeFileSync(join(chunks, cache), 'damaged');
  expect(start()).toBe(said);
  rmSync(join(chunks, cache));
  expect(start()).toBe(said);
});

it('does nothing when nothing changed, and builds again when a file did', async () => {
  await run();
  await run();
  write('cli/later.test.ts', 'a test is no input');
  await run();
  expect(said).toEqual(['building dist/']);
  write('cli/later.ts', "export const text = 'another';");
  await run();
  rmSync(join(root, 'dist', 'olares-space.mjs'));
  await run();
  expect(said).toHaveLength(3);
});

it('names everything that is missing, and is not taken for done', async () => {
  rmSync(join(root, 'helper/main.ts'));
  rmSync(join(root, 'space/console/vite.config.ts'));
  const problem = /helper\/main\.ts is missing(.|\n)*space\/console\/vite\.config\.ts is missing/;
  await expect(run()).rejects.toThrow(problem);
  await expect(run()).rejects.toThrow(problem);
});

it('keeps the chunks of an older build while a running program may want them', async () => {
  await run();
  const folder = join(root, 'dist', 'chunks');
  const young = join(folder, 'olares-backup-YOUNG.mjs');
  const old = join(folder, 'olares-backup-OLD.mjs');
  for (const file of [young, old]) writeFileSync(file, '');
  utimesSync(old, 0, 0);
  write('cli/later.ts', "export const text = 'another';");
  await run();
  expect([existsSync(young), existsSync(old)]).toEqual([true, false]);
});
