import type { DiffAnswer, DiffEntry, DiffKind, FindAnswer, FoundFile } from '../../contract/index.ts';
import { formatBytes, formatCount, formatTime, plural } from './format.ts';
import type { Printer } from './printer.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';

/** What restic shows for bytes that are no UTF-8. */
const UNTOLD = '\ufffd';

export function findLines({ files, more, index }: FindAnswer, print: Printer): string[] {
  if (files.length === 0) return [`Nothing of that name in ${plural(index.indexed, 'snapshot')}.`];
  const hasPlans = new Set(files.map(({ planId }) => planId)).size > 1;
  return [
    ...print.table(files, foundColumns(print.style, hasPlans)),
    ...(more ? ['There are more: say it more exactly, or raise --limit.'] : []),
    ...untoldLines(files),
  ];
}

function foundColumns(style: Style, hasPlans: boolean): Column<FoundFile>[] {
  return [
    ...(hasPlans ? [{ title: 'PLAN', cell: ({ planName }: FoundFile) => planName, shrinks: true }] : []),
    { title: 'SIZE', cell: sizeCell, align: 'right' },
    {
      title: 'MODIFIED',
      cell: ({ modifiedAt }) => (modifiedAt === undefined ? '—' : formatTime(modifiedAt)),
    },
    { title: 'SNAPSHOTS', cell: ({ snapshots }) => formatCount(snapshots), align: 'right' },
    { title: 'LAST IN', cell: ({ lastSeen }) => lastSeen.resticId.slice(0, 8), paint: style.bold },
    { title: '', cell: ({ deleted }) => (deleted ? 'deleted since' : ''), paint: style.warn },
    { title: 'PATH', cell: pathCell, shrinks: true },
  ];
}

const SIGNS = { added: '+', removed: '-', changed: '~', metadata: '·' } as const satisfies Record<
  DiffKind,
  string
>;

export function diffLines({ a, b, counts, ...diff }: DiffAnswer, print: Printer): string[] {
  const { style } = print;
  const total = counts.added + counts.removed + counts.changed + counts.metadata;
  const head = print.fields([
    ['From', `${a.resticId.slice(0, 8)}, ${formatTime(a.takenAt)}`],
    ['To', `${b.resticId.slice(0, 8)}, ${formatTime(b.takenAt)}`],
    [`${SIGNS.added} added`, `${formatCount(counts.added)}, ${formatBytes(diff.addedBytes)}`],
    [`${SIGNS.removed} removed`, `${formatCount(counts.removed)}, ${formatBytes(diff.removedBytes)}`],
    [`${SIGNS.changed} changed`, formatCount(counts.changed)],
    [`${SIGNS.metadata} metadata`, formatCount(counts.metadata)],
  ]);
  if (total === 0) return [...head, 'They hold the same.'];
  const left = total - diff.entries.length;
  return [
    ...head,
    '',
    ...print.table(diff.entries, diffColumns(style)),
    ...(diff.next === undefined ? [] : [`… and ${formatCount(left)} more: raise --limit.`]),
    ...untoldLines(diff.entries),
  ];
}

function diffColumns(style: Style): Column<DiffEntry>[] {
  const paints = { added: style.good, removed: style.bad, changed: style.warn, metadata: style.dim };
  return [
    { title: '', cell: ({ change }) => SIGNS[change], paint: (text, { change }) => paints[change](text) },
    { title: 'SIZE', cell: sizeCell, align: 'right' },
    {
      title: 'WAS',
      align: 'right',
      cell: ({ change, formerSizeBytes }) =>
        change === 'changed' && formerSizeBytes !== undefined ? formatBytes(formerSizeBytes) : '',
    },
    { title: 'PATH', cell: pathCell, shrinks: true },
  ];
}

const sizeCell = ({ type, sizeBytes }: Pick<FoundFile, 'type' | 'sizeBytes'>) =>
  type === 'file' && sizeBytes !== undefined ? formatBytes(sizeBytes) : '';

const pathCell = ({ path, type }: Pick<FoundFile, 'path' | 'type'>) => (type === 'dir' ? `${path}/` : path);

function untoldLines(entries: readonly { readonly path: string }[]): string[] {
  if (!entries.some(({ path }) => path.includes(UNTOLD))) return [];
  return [`${UNTOLD} stands for bytes that are no text: such a name cannot be typed, choose its directory.`];
}
