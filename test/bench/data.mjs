// Files to back up: many small ones, some large, half of the bytes compressible; the same bytes for the same seed.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;
const FILES_PER_FOLDER = 100;

/** Half of the bytes in files of 16 KiB, half in files of 4 MiB. */
export function makeData(folder, mebibytes, seed) {
  const half = (mebibytes * 2 ** 20) / 2;
  const kinds = [
    { name: 'small', bytes: SMALL_BYTES, count: Math.round(half / SMALL_BYTES) },
    { name: 'large', bytes: LARGE_BYTES, count: Math.max(1, Math.round(half / LARGE_BYTES)) },
  ];
  for (const { name, bytes, count } of kinds) {
    for (let index = 0; index < count; index += 1) {
      const place = join(folder, name, String(Math.floor(index / FILES_PER_FOLDER)));
      if (index % FILES_PER_FOLDER === 0) mkdirSync(place, { recursive: true });
      writeFileSync(join(place, `${index}.bin`), content(bytes, `${seed} ${name} ${index}`));
    }
  }
}

/** New bytes in one small file of a hundred (at least one), and in one large file. */
export function changeOnePercent(folder, round) {
  const small = filesOf(join(folder, 'small'));
  const chosen = small.filter((_path, index) => index % 100 === round % 100);
  for (const path of chosen.length > 0 ? chosen : small.slice(0, 1)) {
    writeFileSync(path, content(SMALL_BYTES, `${path} ${round}`));
  }
  const [large] = filesOf(join(folder, 'large'));
  const bytes = readFileSync(large);
  content(64 * 1024, `${large} ${round}`).copy(bytes, bytes.length / 2);
  writeFileSync(large, bytes);
}

/** Brings all of it into the page cache, so that whoever comes first pays no more than who comes second. */
export function warmUp(folder) {
  for (const path of filesOf(folder)) readFileSync(path);
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Random halves beside repeated ones: restic compresses about 2:1, as with common documents. */
function content(length, seed) {
  const bytes = Buffer.alloc(length);
  let block = createHash('sha512').update(seed).digest();
  for (let at = 0; at < length; at += 128) {
    block = createHash('sha512').update(block).digest();
    block.copy(bytes, at);
    bytes.fill('the same words again ', at + 64, Math.min(at + 128, length));
  }
  return bytes;
}
