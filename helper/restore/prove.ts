import { createHash, randomInt } from 'node:crypto';
import { lstatSync, readFileSync, type BigIntStats } from 'node:fs';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import type { Skipped } from '../../contract/model/job.ts';
import { describe } from '../engine/ls.ts';
import { messageType, nodeMessage } from '../engine/messages.ts';
import { createSkippedList, type SkippedList } from '../engine/skipped.ts';
import type { Repository } from '../engine/repository.ts';
import type { Anchor } from './anchor.ts';
import type { Faults } from './download.ts';
import { isInside, type Selection } from './selection.ts';
import { nanoseconds } from './times.ts';

/** restic never cuts a file of at most this size, so that its content is one block, named by its SHA-256. */
const ONE_BLOCK_BYTES = 512 * 1024;
const SAMPLE = 200;
const IS_ROOT = process.geteuid?.() === 0;

export interface Proof {
  /** Those of restic, and what we found beside them. */
  readonly faults: Faults;
  /** Whole, but with other rights, another owner or another time than in the snapshot. */
  readonly altered: Skipped;
  readonly entriesCompared: number;
  readonly filesHashed: number;
}

export interface ProofOptions {
  readonly repository: Repository;
  readonly request: HelperRequestOf<'restore'>;
  readonly selection: Selection;
  readonly staging: Anchor;
  readonly faults: Faults;
}

type Node = ReturnType<typeof nodeMessage.parse>;

/**
 * Our own proof beside restic's. The list of the snapshot, read anew, is compared with what lies in the staging
 * directory; and a sample of files is hashed, each of which must be a block of the repository. Neither goes by the code
 * that wrote the files.
 */
export async function prove(options: ProofOptions): Promise<Proof> {
  const faults = new Map(options.faults);
  const sample = createSample(SAMPLE);
  const altered = createSkippedList();
  const entriesCompared = await compareWithList(options, { faults, altered, sample });
  const filesHashed = await hashSample(options, sample.paths(), faults);
  return { faults, altered: altered.result(), entriesCompared, filesHashed };
}

interface Findings {
  readonly altered: SkippedList;
  readonly faults: Map<string, string>;
  readonly sample: Sample;
}

async function compareWithList(
  { repository, request, selection, staging, faults: known }: ProofOptions,
  findings: Findings,
): Promise<number> {
  const { roots, include } = selection;
  let compared = 0;
  await repository.run({
    args: ['ls', '--no-lock', '--recursive', '--', request.snapshotId, ...(roots.includes('/') ? [] : roots)],
    onMessage(message) {
      if (messageType(message) !== 'node') return;
      const node = nodeMessage.parse(message, "restic's entry");
      // A name that is no valid text cannot be looked up by what restic prints of it.
      if (node.path.includes('\ufffd') || known.has(node.path)) return;
      if (!include.some((path) => isInside(node.path, path))) return;
      compared += 1;
      note(node, statOf(`${staging.at('content')}${node.path}`), findings);
    },
  });
  return compared;
}

function note(node: Node, found: BigIntStats | undefined, { faults, altered, sample }: Findings): void {
  const fault = faultOf(node, found);
  if (fault !== undefined) faults.set(node.path, fault);
  if (fault !== undefined || found === undefined) return;
  const change = changeOf(node, found);
  if (change !== undefined) altered.add(node.path, change);
  if (node.type === 'file' && isOneBlock(node)) sample.offer(node.path);
}

const isOneBlock = ({ size = 0 }: Node) => size > 0 && size <= ONE_BLOCK_BYTES;

function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // What should be a directory on the way is none: then this is not there.
    return undefined;
  }
}

const KINDS: Readonly<Record<string, (found: BigIntStats) => boolean>> = {
  file: (found) => found.isFile(),
  dir: (found) => found.isDirectory(),
  symlink: (found) => found.isSymbolicLink(),
  fifo: (found) => found.isFIFO(),
  socket: (found) => found.isSocket(),
  dev: (found) => found.isBlockDevice(),
  chardev: (found) => found.isCharacterDevice(),
};

function faultOf(node: Node, found: BigIntStats | undefined): string | undefined {
  // restic leaves sockets out: they have no content.
  if (node.type === 'socket') return undefined;
  if (!found) return 'it was not restored';
  if (KINDS[node.type]?.(found) === false) return `it is not a ${node.type} any more`;
  const hasSize = node.type !== 'file' || found.size === BigInt(node.size ?? 0);
  return hasSize ? undefined : 'its size is not the one it had';
}

function changeOf(node: Node, found: BigIntStats): string | undefined {
  if (found.mtimeNs !== nanoseconds(node.mtime ?? '')) return 'another time';
  if (!hasRights(node, found)) return 'other rights';
  const hasOwner = found.uid === BigInt(node.uid ?? 0) && found.gid === BigInt(node.gid ?? 0);
  return hasOwner ? undefined : 'another owner';
}

/** Whoever is not root loses special bits on files of other groups. */
const COMPARED_RIGHTS = IS_ROOT ? 0o7777 : 0o777;

/** The rights of a link are of no effect, and cannot be set. */
function hasRights(node: Node, found: BigIntStats): boolean {
  const { mode } = describe(node);
  if (mode === undefined || node.type === 'symlink') return true;
  return (Number(found.mode) & COMPARED_RIGHTS) === (mode & COMPARED_RIGHTS);
}

/** Hashes the sample, and looks for each hash among the blocks of the repository. @returns how many were there */
async function hashSample(
  { repository, staging }: ProofOptions,
  paths: readonly string[],
  faults: Map<string, string>,
): Promise<number> {
  if (paths.length === 0) return 0;
  const wanted = new Map<string, string[]>();
  for (const path of paths) {
    const hash = createHash('sha256')
      .update(readFileSync(`${staging.at('content')}${path}`))
      .digest('hex');
    wanted.set(hash, [...(wanted.get(hash) ?? []), path]);
  }
  await repository.run({
    args: ['list', 'blobs', '--no-lock'],
    onText(line) {
      const hash = /^data ([0-9a-f]{64})$/.exec(line)?.[1];
      if (hash !== undefined) wanted.delete(hash);
    },
  });
  const strange = [...wanted.values()].flat();
  // All of them: made by a program that cuts files in another way, not damaged.
  if (strange.length === paths.length) return 0;
  for (const path of strange) faults.set(path, 'its content is not what the repository holds');
  return paths.length - strange.length;
}

interface Sample {
  offer(path: string): void;
  paths(): readonly string[];
}

/** Each that was offered has the same chance to be in it, however many there are. */
function createSample(size: number): Sample {
  const kept: string[] = [];
  let offered = 0;
  return {
    offer(path) {
      offered += 1;
      if (kept.length < size) return void kept.push(path);
      const place = randomInt(offered);
      if (place < size) kept[place] = path;
    },
    paths: () => kept,
  };
}
