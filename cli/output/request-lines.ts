import { cleanText, type RestorePreview, type RestoreRequest } from '../../contract/index.ts';
import { formatBytes, formatCount, formatMoment, formatRelative, plural } from './format.ts';
import type { Look } from './job-lines.ts';
import type { Printer } from './printer.ts';
import type { Column } from './table.ts';

const ORIGINS: Record<string, string> = {
  space: 'Space',
  page: 'the page on this machine',
  user: 'you, at this machine',
};

export function requestColumns({ style, now }: Look): Column<RestoreRequest>[] {
  return [
    { title: 'CODE', cell: ({ code }) => code, paint: style.bold },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'ASKED BY', cell: ({ origin }) => (origin === 'page' ? 'page' : origin) },
    { title: 'ASKED', cell: ({ createdAt }) => formatRelative(createdAt, now) },
    { title: 'PLAN', cell: ({ planName }) => planName ?? '—', shrinks: true },
    { title: 'SNAPSHOT', cell: ({ snapshotId }) => snapshotId.slice(0, 8) },
    { title: 'EXPIRES', cell: ({ expiresAt }) => formatRelative(expiresAt, now) },
  ];
}

/** Who asks for what: a person reads this before a password is typed. Text from outside is marked as such. */
export function requestLines(
  request: RestoreRequest,
  print: Pick<Printer, 'fields'>,
  machine: string | undefined,
  now: number,
): string[] {
  const { filesTotal, bytesTotal } = request;
  return [
    ...print.fields([
      ['Request', request.code],
      ['State', request.state],
      ['Asked by', `${ORIGINS[request.origin] ?? request.origin}, ${formatMoment(request.createdAt, now)}`],
      ['Machine', machine],
      ['Plan', request.planName ?? 'none of this machine'],
      ['Snapshot', request.snapshotId.slice(0, 8)],
      ['Taken', request.takenAt === undefined ? undefined : formatMoment(request.takenAt, now)],
      ['Distance', distance(request.newerSnapshots)],
      [
        'Holds',
        filesTotal === undefined
          ? undefined
          : `${plural(filesTotal, 'file')}${bytesTotal === undefined ? '' : `, ${formatBytes(bytesTotal)}`}`,
      ],
      ['Expires', formatMoment(request.expiresAt, now)],
      ['Kept', keptText(request, now)],
      ['Why', request.reason],
      ['Error', request.error?.message],
    ]),
    ...(request.note === undefined ? [] : [`text from Space: "${cleanText(request.note)}"`]),
  ];
}

function keptText({ code, undoPath, undoUntil }: RestoreRequest, now: number): string | undefined {
  if (undoPath === undefined) return undefined;
  const until = undoUntil === undefined ? '' : ` until ${formatMoment(undoUntil, now)}`;
  return `the old files, in ${undoPath}${until}; \`olares-backup request undo ${code}\` puts them back`;
}

function distance(newer: number | undefined): string | undefined {
  if (newer === undefined) return undefined;
  return newer === 0
    ? 'the newest snapshot'
    : `${plural(newer, 'newer snapshot')} exist${newer === 1 ? 's' : ''}`;
}

/** What the restore would do, before it does it. */
export function previewLines(preview: RestorePreview, { style }: Look): string[] {
  const where = preview.inPlace
    ? style.warn('in place: files there are replaced, the old ones are kept for undo')
    : preview.targetExists
      ? 'into an existing directory'
      : 'into a new directory';
  return [
    `Target    ${style.bold(cleanText(preview.target, 4096))} (${where})`,
    `Restores  ${plural(preview.filesTotal, 'file')}, ${formatBytes(preview.bytesTotal)}: ` +
      `${formatCount(preview.filesNew)} new, ${formatCount(preview.filesChanged)} changed, ${formatCount(preview.filesUnchanged)} the same`,
    ...(preview.filesExtra > 0
      ? [
          `          ${plural(preview.filesExtra, 'file')} there that the snapshot does not have; they move to the undo copy`,
        ]
      : []),
    `Free      ${formatBytes(preview.freeBytes)}, ${plural(preview.freeInodes, 'more file')} fit`,
    ...preview.warnings.map((warning) => `${style.warn('warning:')} ${cleanText(warning)}`),
  ];
}
