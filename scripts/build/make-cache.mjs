// node make-cache.mjs CHUNK LOADER ARGS…: runs a program once and keeps what V8 compiled of it as CHUNK.cache.
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { WRAP } from './loader.mjs';

const [chunk, loader, ...args] = process.argv.slice(2);
const source = readFileSync(chunk, 'utf8').replace(/^#!.*/, '');
const script = new Script(WRAP[0] + source + WRAP[1], { filename: chunk });
process.on('exit', () => {
  writeFileSync(`${chunk}.cache.new`, script.createCachedData());
  // The program may have set a mask of its own.
  chmodSync(`${chunk}.cache.new`, 0o644);
  renameSync(`${chunk}.cache.new`, `${chunk}.cache`);
});
process.argv = [process.execPath, loader, ...args];
const url = pathToFileURL(loader).href;
script.runInThisContext()(createRequire(url), url);
