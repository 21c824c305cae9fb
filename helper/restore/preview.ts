import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { join, relative } from 'node:path';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { openMachineRepository } from '../engine/machine-repository.ts';
import { messageType, nodeMessage } from '../engine/messages.ts';
import type { Repository } from '../engine/repository.ts';
import type { Session } from '../session.ts';
import { isInside, rootNames, select, snapshotPaths, type Selection } from './selection.ts';
import { fits, roomAt } from './target.ts';

type Request = HelperRequestOf<'restore-preview'>;
type Result = HelperResultOf<'restore-preview'>;

/** Compares the list of the snapshot with what lies at the target; downloads no file. */
export async function preview(request: Request, session: Session): Promise<Result> {
  const { target, choice, snapshotId, subPath } = request;
  const inPlace = choice.inPlace === true;
  await using repository = await openMachineRepository(session, request);
  const roots = subPath === undefined ? await snapshotPaths(repository, snapshotId) : [subPath];
  const selection = select(roots, choice);
  const counts = await compare({ repository, snapshotId, selection, target });
  const exists = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  const room = roomAt(target);
  const kept = inPlace && !selection.isPartial ? countFiles(target) - counts.changed - counts.unchanged : 0;
  return {
    target,
    targetExists: exists,
    inPlace,
    filesTotal: counts.total,
    bytesTotal: counts.bytes,
    filesNew: counts.fresh,
    filesChanged: counts.changed,
    filesUnchanged: counts.unchanged,
    filesExtra: Math.max(0, kept),
    ...room,
    fits: fits(room, counts.bytes, counts.total),
    warnings: warningsOf(counts, selection),
  };
}

interface Counts {
  total: number;
  bytes: number;
  fresh: number;
  changed: number;
  unchanged: number;
  /** Names that are no valid text, which cannot be looked up. */
  unreadable: number;
}

interface Comparison {
  readonly repository: Repository;
  readonly snapshotId: string;
  readonly selection: Selection;
  readonly target: string;
}

async function compare({ repository, snapshotId, selection, target }: Comparison): Promise<Counts> {
  const counts: Counts = { total: 0, bytes: 0, fresh: 0, changed: 0, unchanged: 0, unreadable: 0 };
  const names = rootNames(selection.roots);
  await repository.run({
    args: [
      'ls',
      '--no-lock',
      '--recursive',
      '--',
      snapshotId,
      ...(selection.roots.includes('/') ? [] : selection.roots),
    ],
    onMessage(message) {
      if (messageType(message) !== 'node') return;
      const node = nodeMessage.parse(message, "restic's entry");
      if (node.type === 'dir' || !selection.include.some((path) => isInside(node.path, path))) return;
      const root = selection.roots.find((root) => isInside(node.path, root)) ?? '/';
      const base = selection.roots.length === 1 ? target : join(target, names.get(root) ?? '');
      counts.total += 1;
      counts.bytes += node.size ?? 0;
      if (node.path.includes('\ufffd')) counts.unreadable += 1;
      counts[stateOf(node, join(base, relative(root, node.path)))] += 1;
    },
  });
  return counts;
}

function stateOf(
  node: ReturnType<typeof nodeMessage.parse>,
  path: string,
): 'fresh' | 'changed' | 'unchanged' {
  const found = lookUp(path);
  if (!found) return 'fresh';
  const hasSameSize = node.type !== 'file' || found.size === BigInt(node.size ?? 0);
  return hasSameSize && found.mtimeNs === nanoseconds(node.mtime ?? '') ? 'unchanged' : 'changed';
}

function lookUp(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A file lies where the snapshot has a directory, or we may not look: either way it will be replaced.
    return undefined;
  }
}

/** RFC 3339 with up to nine digits of a second, which `Date` would cut to three. */
function nanoseconds(time: string): bigint {
  const [, seconds = '', fraction = '', zone = 'Z'] =
    /^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(milliseconds)) return -1n;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

function countFiles(directory: string): number {
  let count = 0;
  const visit = (path: string | Buffer) => {
    for (const entry of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
      if (entry.isDirectory()) visit(Buffer.concat([Buffer.from(path), Buffer.from('/'), entry.name]));
      else count += 1;
    }
  };
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory()) visit(directory);
  return found && !found.isDirectory() ? 1 : count;
}

function warningsOf(counts: Counts, { roots }: Selection): string[] {
  const warnings: string[] = [];
  if (counts.total === 0) warnings.push(`the snapshot has no files in ${roots.join(', ')}`);
  if (counts.unreadable > 0) {
    warnings.push(
      `${counts.unreadable} files have names that are no valid text; they are restored, but counted as new here`,
    );
  }
  return warnings;
}
