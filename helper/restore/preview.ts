import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { basename, join } from 'node:path';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { openMachineRepository } from '../engine/machine-repository.ts';
import { messageType, nodeMessage } from '../engine/messages.ts';
import type { Repository } from '../engine/repository.ts';
import type { Session } from '../session.ts';
import { isInside, select, snapshotPaths, wayInTarget, type Selection } from './selection.ts';
import { fits, roomAt } from './target.ts';

type Request = HelperRequestOf<'restore-preview'>;
type Result = HelperResultOf<'restore-preview'>;

/** How many names of each kind the preview shows. */
const SAMPLES = 8;

/** Compares the list of the snapshot with what lies at the target; downloads no file. */
export async function preview(request: Request, session: Session): Promise<Result> {
  const { target, choice, snapshotId, subPath } = request;
  const inPlace = choice.inPlace === true;
  await using repository = await openMachineRepository(session, request);
  const roots = subPath === undefined ? await snapshotPaths(repository, snapshotId) : [subPath];
  const selection = select(roots, choice);
  const exists = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  // What is named may be one of the snapshot's several paths, whole.
  const totals = exists || choice.include !== undefined ? undefined : request.totals;
  const counts = await compare({ session, repository, snapshotId, selection, target, totals });
  const room = roomAt(target);
  const extra = extraFiles(target, selection, counts.seen);
  return {
    target,
    targetExists: exists,
    inPlace,
    filesTotal: counts.total,
    bytesTotal: counts.bytes,
    filesNew: counts.fresh,
    filesChanged: counts.changed,
    filesUnchanged: counts.unchanged,
    filesExtra: extra.count,
    ...(choice.deleteExtra === true && { deletesExtra: true }),
    ...(exists && (inPlace || choice.conflict !== undefined) && { conflict: choice.conflict ?? 'replace' }),
    samples: { ...counts.samples, extra: extra.first },
    bytesToFetch: counts.bytes,
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
  readonly samples: { readonly added: string[]; readonly changed: string[] };
  /** Of what was asked for. */
  readonly found: Set<string>;
  /** What both have, by {@link shortHash} of its path below the target. */
  readonly seen: Set<number>;
}

interface Comparison {
  readonly session: Session;
  readonly repository: Repository;
  readonly snapshotId: string;
  readonly selection: Selection;
  readonly target: string;
  /** When all of it is new: then a few names are enough. */
  readonly totals: Request['totals'];
}

async function compare(comparison: Comparison): Promise<Counts> {
  const { repository, snapshotId, selection, target, totals } = comparison;
  const counts: Counts = {
    ...NOTHING,
    samples: { added: [], changed: [] },
    found: new Set(),
    seen: new Set(),
  };
  const wayOf = wayInTarget(selection.roots);
  const enough = new AbortController();
  const roots = selection.roots.includes('/') ? [] : selection.roots;
  const listed = repository.run({
    args: ['ls', '--no-lock', '--recursive', '--', snapshotId, ...roots],
    cancel: enough.signal,
    onMessage(message) {
      if (enough.signal.aborted || messageType(message) !== 'node') return;
      const node = nodeMessage.parse(message, "restic's entry");
      const asked = selection.include.find((path) => isInside(node.path, path));
      if (asked === undefined) return;
      counts.found.add(asked);
      if (node.type === 'dir') return;
      addNode(counts, node, { way: wayOf(node.path), target });
      if (totals && counts.fresh === SAMPLES) enough.abort();
    },
  });
  await listed.catch((error: unknown) => {
    if (!enough.signal.aborted || comparison.session.cancel.aborted) throw error;
  });
  if (totals && enough.signal.aborted)
    Object.assign(counts, { total: totals.files, bytes: totals.bytes, fresh: totals.files });
  return counts;
}

const NOTHING = { total: 0, bytes: 0, fresh: 0, changed: 0, unchanged: 0, unreadable: 0 };

type Node = ReturnType<typeof nodeMessage.parse>;

function addNode(counts: Counts, node: Node, { way, target }: { way: string; target: string }): void {
  counts.total += 1;
  counts.bytes += node.size ?? 0;
  if (node.path.includes('\ufffd')) counts.unreadable += 1;
  const state = stateOf(node, join(target, way));
  counts[state] += 1;
  if (state !== 'fresh') counts.seen.add(shortHash(Buffer.from(way)));
  const sample = state === 'fresh' ? counts.samples.added : state === 'changed' ? counts.samples.changed : [];
  if (sample.length < SAMPLES) sample.push(way === '' ? basename(node.path) : way);
}

/** Enough to tell a million names apart in a preview, at a tenth of their memory. */
function shortHash(name: Buffer): number {
  return createHash('md5').update(name).digest().readUIntBE(0, 6);
}

function stateOf(node: Node, path: string): 'fresh' | 'changed' | 'unchanged' {
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

/** Files of the target that the snapshot does not have: below what is restored, so not beside single paths. */
function extraFiles(
  target: string,
  { isPartial, include, roots }: Selection,
  seen: ReadonlySet<number>,
): { count: number; first: string[] } {
  const found = { count: 0, first: new Array<string>() };
  const visit = (way: Buffer) => {
    const path = way.length === 0 ? Buffer.from(target) : Buffer.concat([Buffer.from(`${target}/`), way]);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      for (const name of readdirSync(path, { encoding: 'buffer' }))
        visit(way.length === 0 ? name : Buffer.concat([way, Buffer.from('/'), name]));
    } else if (!seen.has(shortHash(way))) {
      found.count += 1;
      if (found.first.length < SAMPLES) found.first.push(way.toString());
    }
  };
  const wayOf = wayInTarget(roots);
  const starts = isPartial ? include.map(wayOf) : [''];
  for (const way of starts) {
    if (lookUp(join(target, way))?.isDirectory()) visit(Buffer.from(way));
  }
  return found;
}

function warningsOf(counts: Counts, { roots, include, isPartial }: Selection): string[] {
  const missing = isPartial ? include.filter((path) => !counts.found.has(path)) : [];
  const warnings = missing.map((path) => `the snapshot has no ${path}`);
  if (counts.total === 0 && missing.length === 0)
    warnings.push(`the snapshot has no files in ${roots.join(', ')}`);
  if (counts.unreadable > 0) {
    warnings.push(
      `${counts.unreadable} files have names that are no valid text; they are restored, but counted as new here`,
    );
  }
  return warnings;
}
