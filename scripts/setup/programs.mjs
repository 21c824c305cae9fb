// `npx olares-backup` from the checkout: npm looks in node_modules/.bin, then in the registry, for a program's name.
import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export function linkPrograms(root) {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  for (const [name, path] of Object.entries(bin)) {
    const link = join(folder, name);
    const target = join('..', '..', path);
    if (currentTarget(link) === target) continue;
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }
}

function currentTarget(link) {
  return lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(link) : undefined;
}
