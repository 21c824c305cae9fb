import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import { countKinds } from '../testing/kinds.ts';
import { finishTrees, growTree, type Later } from '../testing/grown-tree.ts';
import { describeTree } from '../testing/odd-tree.ts';
import { at, restoreTo, seeded, takeSnapshot, times, type Taken } from '../testing/proof-bench.ts';

const isRoot = process.geteuid?.() === 0;
const hasLists = has('setfacl') && has('getfacl') && has('setfattr');
const hasCapabilities = isRoot && has('setcap');
const TREES = times(60);
const SEED = 20_261_120;

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    // Not installed: that part is left out.
    return false;
  }
}

describe('what is restored', () => {
  const bench = new Bench();
  beforeAll(() => bench.makeRepository());
  afterAll(() => {
    execFileSync('chmod', ['-R', 'u+rwx', bench.root]);
    bench[Symbol.dispose]();
  });

  it(`is bit for bit what was saved: ${TREES} trees of all kinds`, async () => {
    const source = at(bench, 'trees');
    mkdirSync(source);
    const chance = seeded(SEED);
    const later: Later = { attributes: [], fifos: [], lists: [] };
    for (let tree = 0; tree < TREES; tree += 1)
      growTree(Buffer.from(join(source, `tree${tree}`)), chance, later);
    finishTrees(hasLists ? later : { ...later, attributes: [], lists: [] });
    const before = [...describeTree(source), ...listsOf(source), ...holesOf(source)];
    expect(missingKinds(source, before)).toEqual([]);
    const taken = await takeSnapshot(bench, source);
    const target = at(bench, 'back');
    const { result, error } = await restoreTo(taken, { target });
    expect(error).toBeUndefined();
    const after = [...describeTree(target), ...listsOf(target), ...holesOf(target)];
    expect(differences(before, after).slice(0, 5)).toEqual([]);
    expect(result).toMatchObject({ skipped: { count: 0 }, stripped: { count: 0 }, warnings: [] });
    expect(result.filesHashed).toBeGreaterThan(20);
    process.stdout.write(
      `${TREES} trees, ${before.length} lines of content and metadata equal; ` +
        `${result.filesVerified} files compared by restic, ${result.entriesCompared} entries and ${result.filesHashed} hashes by us\n`,
    );
  }, 600_000);

  describe.runIf(isRoot)('of a snapshot that is meant to do harm', () => {
    const source = at(bench, 'evil');
    let taken: Taken;
    beforeAll(async () => {
      mkdirSync(source);
      for (const name of ['suid', 'sgid', '\u001b]0;x\u0007', '-rf', '..\\..', 'plain'])
        writeFileSync(join(source, name), name);
      chmodSync(join(source, 'suid'), 0o4755);
      chmodSync(join(source, 'sgid'), 0o2755);
      for (const [name, kind] of [
        ['block', 'b'],
        ['character', 'c'],
      ] as const)
        execFileSync('mknod', [join(source, name), kind, '1', '3']);
      copyFileSync('/bin/true', join(source, 'capable'));
      if (hasCapabilities) execFileSync('setcap', ['cap_sys_admin+ep', join(source, 'capable')]);
      taken = await takeSnapshot(bench, source);
    });

    it('places nothing dangerous, and names each', async () => {
      const target = at(bench, 'tamed');
      const { result, error } = await restoreTo(taken, { target });
      expect(error).toBeUndefined();
      const named = result.stripped.first.map(
        ({ path, reason }) => `${path.slice(source.length + 1)}: ${reason}`,
      );
      expect(named.toSorted()).toEqual(
        [
          'block: a device node',
          ...(hasCapabilities ? ['capable: its file capability'] : []),
          'character: a device node',
          'sgid: its setgid bit',
          'suid: its setuid bit',
        ].toSorted(),
      );
      expect(result.skipped.count).toBe(0);
      expect(readdirSync(target).toSorted()).toEqual(
        ['suid', 'sgid', '\u001b]0;x\u0007', '-rf', '..\\..', 'plain', 'capable'].toSorted(),
      );
      expect(existsSync(join(target, 'block'))).toBe(false);
      for (const name of ['suid', 'sgid']) expect(statSync(join(target, name)).mode & 0o6000).toBe(0);
      const capable = hasCapabilities ? execFileSync('getcap', ['-r', target], { encoding: 'utf8' }) : '';
      expect(capable).toBe('');
    });
  });
});

/** Equal trees prove nothing of a kind that is in neither. */
function missingKinds(root: string, lines: readonly string[]): string[] {
  if (!isRoot) return [];
  const counts = {
    ...countKinds(root),
    ...(hasLists && {
      'an attribute': lines.filter((line) => line.startsWith('user.note=')).length,
      'an access list': lines.filter((line) => /^user:\d+:/.test(line)).length,
    }),
  };
  process.stdout.write(`of each kind: ${JSON.stringify(counts)}\n`);
  return Object.entries(counts).flatMap(([kind, count]) => (count === 0 ? [kind] : []));
}

/** Access control lists, which no other look shows. */
function listsOf(root: string): string[] {
  if (!hasLists) return [];
  return execFileSync('getfacl', ['-R', '-P', '-n', '.'], {
    cwd: root,
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  }).split('\n');
}

/** A file that was mostly holes must not become one that fills the disk. */
function holesOf(root: string): string[] {
  const found = execFileSync('find', ['.', '-type', 'f', '-size', '+200k', '-printf', '%P %b\\0'], {
    cwd: root,
    encoding: 'latin1',
  });
  return found
    .split('\0')
    .map((line) =>
      Number(line.slice(line.lastIndexOf(' ') + 1)) <= 64
        ? line.slice(0, line.lastIndexOf(' '))
        : `filled ${line}`,
    )
    .toSorted();
}

function differences(before: readonly string[], after: readonly string[]): string[] {
  const seen = new Set(after);
  const known = new Set(before);
  return [
    ...before.filter((line) => !seen.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !known.has(line)).map((line) => `+ ${line}`),
  ];
}
