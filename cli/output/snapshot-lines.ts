import type { Snapshot, SnapshotEntry } from '../../contract/index.ts';
import { formatBytes, formatCount, formatMoment, formatRelative, formatTime } from './format.ts';
import type { Look } from './job-lines.ts';
import type { Printer } from './printer.ts';
import type { Column } from './table.ts';

const optional = (value: number | undefined, format: (value: number) => string) =>
  value === undefined ? '—' : format(value);

export function snapshotColumns({ style, now }: Look): Column<Snapshot>[] {
  return [
    { title: 'SNAPSHOT', cell: ({ resticId }) => resticId.slice(0, 8), paint: style.bold },
    { title: 'PLAN', cell: ({ planName }) => planName, shrinks: true },
    { title: 'TAKEN', cell: ({ takenAt }) => formatTime(takenAt) },
    { title: 'AGE', cell: ({ takenAt }) => formatRelative(takenAt, now) },
    { title: 'FILES', cell: ({ filesTotal }) => optional(filesTotal, formatCount), align: 'right' },
    { title: 'SIZE', cell: ({ bytesTotal }) => optional(bytesTotal, formatBytes), align: 'right' },
    { title: 'ADDED', cell: ({ addedBytes }) => optional(addedBytes, formatBytes), align: 'right' },
    {
      title: '',
      cell: snapshotMark,
      paint: (text, { state }) => (state === 'missing' ? style.bad(text) : style.warn(text)),
    },
  ];
}

function snapshotMark({ state, incomplete }: Snapshot): string {
  if (state === 'missing') return 'gone from storage';
  if (state === 'foreign') return 'not ours';
  return incomplete ? 'incomplete' : '';
}

export function snapshotLines(snapshot: Snapshot, print: Printer, now: number): string[] {
  const { filesTotal, bytesTotal, addedBytes } = snapshot;
  return print.fields([
    ['Snapshot', snapshot.resticId],
    ['Id', snapshot.id],
    ['Plan', snapshot.planName],
    ['Taken', formatMoment(snapshot.takenAt, now)],
    ...snapshot.paths.map((path, index): [string, string] => [index === 0 ? 'Saved' : '', path]),
    ['Files', filesTotal === undefined ? undefined : formatCount(filesTotal)],
    ['Size', bytesTotal === undefined ? undefined : formatBytes(bytesTotal)],
    ['Added', addedBytes === undefined ? undefined : formatBytes(addedBytes)],
    ['Job', snapshot.jobId],
    ['State', snapshotMark(snapshot) || 'in the repository and complete'],
  ]);
}

export function entryColumns(): Column<SnapshotEntry>[] {
  return [
    {
      title: 'MODE',
      cell: ({ mode }) => (mode === undefined ? '' : (mode & 0o7777).toString(8).padStart(4, '0')),
    },
    {
      title: 'SIZE',
      cell: ({ sizeBytes, type }) => (type === 'file' ? optional(sizeBytes, formatBytes) : ''),
      align: 'right',
    },
    { title: 'MODIFIED', cell: ({ modifiedAt }) => optional(modifiedAt, (at) => formatTime(at)) },
    { title: 'NAME', cell: ({ name, type }) => (type === 'dir' ? `${name}/` : name), shrinks: true },
  ];
}
