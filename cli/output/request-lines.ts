import {
  cleanText,
  REQUEST_END_STATES,
  type RestoreChoice,
  type RestoreConflict,
  type RestorePreview,
  type RestoreRequest,
} from '../../contract/index.ts';
import { formatBytes, formatCount, formatDuration, formatMoment, formatRelative, plural } from './format.ts';
import type { Look } from './job-lines.ts';
import type { Printer } from './printer.ts';
import type { Style } from './style.ts';
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
    {
      title: 'EXPIRES',
      cell: ({ state, expiresAt }) => (REQUEST_END_STATES.has(state) ? '—' : formatRelative(expiresAt, now)),
    },
    { title: 'WHY', cell: ({ error, reason }) => error?.message ?? reason ?? '', shrinks: true },
  ];
}

export interface RequestLook {
  readonly print: Pick<Printer, 'fields'>;
  readonly now: number;
}

/** Who asks for what: a person reads this before a password is typed. Text from outside is marked as such. */
export function askedLines(request: RestoreRequest, machine: string, { print, now }: RequestLook): string[] {
  const { code, origin, createdAt, expiresAt } = request;
  const isOwn = origin === 'user';
  return [
    ...print.fields([
      ...(isOwn
        ? []
        : ([
            ['Request', code],
            ['Asked by', `${ORIGINS[origin] ?? origin}, ${formatMoment(createdAt, now)}`],
          ] as const)),
      ['Machine', machine],
      ...snapshotFields(request, now),
      ['Chosen', chosenText(request.choice)],
      ['Expires', isOwn ? undefined : formatMoment(expiresAt, now)],
      ['Fetched', stagedText(request, now)],
    ]),
    ...noteLines(request),
  ];
}

/** All that is known of a request. */
export function requestLines(request: RestoreRequest, { print, now }: RequestLook): string[] {
  return [
    ...print.fields([
      ['Request', request.code],
      ['State', request.state],
      ['Asked by', `${ORIGINS[request.origin] ?? request.origin}, ${formatMoment(request.createdAt, now)}`],
      ...snapshotFields(request, now),
      ['Chosen', chosenText(request.choice)],
      ['Expires', formatMoment(request.expiresAt, now)],
      ['Kept', keptText(request, now)],
      [
        'Brought',
        request.asidePath && `${cleanText(request.asidePath, 4096)} (delete it when nothing of it is missed)`,
      ],
      ['Fetched', stagedText(request, now)],
      ['Why', request.reason],
      ['Error', request.error?.message],
    ]),
    ...noteLines(request),
  ];
}

type Field = readonly [string, string | undefined];

function snapshotFields(request: RestoreRequest, now: number): Field[] {
  const { filesTotal, bytesTotal } = request;
  return [
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
  ];
}

const noteLines = ({ note }: RestoreRequest): string[] =>
  note === undefined ? [] : [`text from Space: "${cleanText(note)}"`];

/** What was chosen on the page, or at an earlier try. */
function chosenText(choice: RestoreChoice | undefined): string | undefined {
  if (choice === undefined) return undefined;
  const { include = [], target, inPlace, conflict, deleteExtra } = choice;
  const [first, ...others] = include;
  const where = target === undefined ? 'into a new directory' : `into ${target}`;
  return [
    first === undefined
      ? 'everything'
      : `only ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`,
    inPlace ? 'in place' : where,
    ...(conflict === undefined ? [] : [RULE_WORDS[conflict]]),
    ...(deleteExtra ? ['what only is there is deleted'] : []),
  ].join('; ');
}

/** What an interrupted restore has fetched, and what it costs until then. */
function stagedText({ staged }: RestoreRequest, now: number): string | undefined {
  if (staged === undefined) return undefined;
  const { bytes, path, until } = staged;
  return `${formatBytes(bytes)} so far, in ${path}; kept until ${formatMoment(until, now)} or until it is declined`;
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
  const { conflict, samples } = preview;
  return [
    `Target    ${style.bold(cleanText(preview.target, 4096))} (${whereText(preview, style)})`,
    `Restores  ${contentText(preview)}${againstText(preview)}`,
    ...(conflict === undefined ? [] : [`There     ${RULE_WORDS[conflict]}`]),
    ...(samples === undefined ? [] : sampleLines(preview, samples, style)),
    ...extraLines(preview, style),
    ...(preview.bytesToFetch === undefined ? [] : [fetchLine(preview.bytesToFetch, preview.estimateMs)]),
    `Free      ${formatBytes(preview.freeBytes)}${placesText(preview)}${roomText(preview, style)}`,
    ...preview.warnings.map((warning) => `${style.warn('warning:')} ${cleanText(warning)}`),
  ];
}

function contentText({ filesTotal, bytesTotal, bytesToFetch }: RestorePreview): string {
  // A repository that no plan here is of can be looked into only with the password.
  if (bytesToFetch === undefined && filesTotal === 0) return 'what the snapshot holds';
  return `${plural(filesTotal, 'file')}, ${formatBytes(bytesTotal)}`;
}

/** Nothing can be different in a new directory. */
const againstText = ({ targetExists, filesNew, filesChanged, filesUnchanged }: RestorePreview): string =>
  targetExists && filesNew + filesChanged + filesUnchanged > 0
    ? `: ${formatCount(filesNew)} new, ${formatCount(filesChanged)} different there, ${formatCount(filesUnchanged)} the same`
    : '';

/** Places for files are rarely what is missing. */
const placesText = ({ freeInodes, filesTotal }: RestorePreview): string =>
  freeInodes > 10 * filesTotal ? '' : `, ${plural(freeInodes, 'more file')} fit`;

const roomText = (preview: RestorePreview, style: Style): string =>
  preview.fits ? '' : `, ${style.bad('which is not enough')}: ${missingRoom(preview)}`;

/** What has to be freed; a tenth of what is free stays free. */
export function missingRoom({ bytesTotal, freeBytes }: RestorePreview): string {
  const missing = Math.ceil(bytesTotal / 0.9 - freeBytes);
  return missing > 0 ? `free ${formatBytes(missing)} more there` : 'make room for more files there';
}

const RULE_WORDS: Record<RestoreConflict, string> = {
  keep: 'files that are there stay as they are; only what is missing is brought',
  different: 'files that differ are replaced, the old ones are kept for undo',
  replace: 'files that are there are replaced, the old ones are kept for undo',
  rename: "files that are there stay; the snapshot's come beside those that differ, under a new name",
};

function whereText({ inPlace, targetExists }: RestorePreview, style: Style): string {
  if (inPlace) return style.warn('in place: where the files were');
  return targetExists ? 'into an existing directory' : 'into a new directory';
}

/** Names, where something is there that could be touched; in a new directory all is new. */
function sampleLines(
  { targetExists, filesNew, filesChanged }: RestorePreview,
  samples: NonNullable<RestorePreview['samples']>,
  style: Style,
): string[] {
  if (!targetExists) return [];
  return [
    ...nameLines(style.good('+'), samples.added, filesNew),
    ...nameLines(style.warn('~'), samples.changed, filesChanged),
  ];
}

function extraLines(preview: RestorePreview, style: Style): string[] {
  const { filesExtra, deletesExtra, samples } = preview;
  if (filesExtra === 0) return [];
  const fate = deletesExtra ? style.bad('they are deleted there and kept for undo') : 'they stay';
  return [
    `Besides   ${plural(filesExtra, 'file')} there that the snapshot does not have: ${fate}`,
    ...(samples === undefined || !deletesExtra ? [] : nameLines(style.bad('-'), samples.extra, filesExtra)),
  ];
}

const NAMES_SHOWN = 3;

function nameLines(sign: string, names: readonly string[], count: number): string[] {
  const shown = names.slice(0, NAMES_SHOWN);
  return [
    ...shown.map((name) => `          ${sign} ${cleanText(name, 200)}`),
    ...(count > shown.length && shown.length > 0
      ? [`          ${sign} and ${formatCount(count - shown.length)} more`]
      : []),
  ];
}

function fetchLine(bytes: number, estimateMs: number | undefined): string {
  const time =
    estimateMs === undefined ? '' : `, about ${formatDuration(estimateMs)} as fast as the last restores`;
  return `Fetches   up to ${formatBytes(bytes)}${time}`;
}
