import type { JSX } from 'preact';
import { cleanText, type Snapshot, type SnapshotEntry } from '../../../contract/index.ts';
import { Fault, Foreign, Loading } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { WindowList } from '../components/window-list.tsx';
import { canBeChosen } from '../format/restore-command.ts';
import { counted, formatBytes } from '../format/size.ts';
import { formatShort } from '../format/time.ts';
import { snapshotHref } from '../route.ts';
import { useAgent, useLoaded } from '../state/context.ts';

const ROW_HEIGHT_PX = 48;

interface Choosing {
  /** Paths that are to be restored. */
  readonly chosen: readonly string[];
  readonly choose: (path: string, isOn: boolean) => void;
}

interface DirectoryProps {
  readonly snapshot: Snapshot;
  readonly path: string | undefined;
  readonly choosing: Choosing;
}

/** The files of a snapshot, one directory at a time; without a path, the top of what was backed up. */
export function Directory({ snapshot, path, choosing }: DirectoryProps): JSX.Element {
  const { client } = useAgent();
  const shown = path ?? startOf(snapshot);
  const loaded = useLoaded(shown, () =>
    client.call('listEntries', { params: { snapshot: snapshot.id }, query: { path: shown } }),
  );
  const entries = loaded.value;
  return (
    <section aria-labelledby="files-title">
      <div class="section-head">
        <h2 id="files-title">Files</h2>
        {entries ? <span class="muted">{counted(entries.length, 'entry', 'entries')}</span> : null}
      </div>
      <Breadcrumb snapshot={snapshot} path={shown} />
      <Fault error={loaded.error} />
      {entries || loaded.error ? null : <Loading what="the folder" />}
      {entries ? <Entries key={shown} entries={entries} snapshot={snapshot} choosing={choosing} /> : null}
    </section>
  );
}

/** Where looking begins: the one folder that was backed up, or the root above several. */
const startOf = ({ paths }: Snapshot): string => (paths.length === 1 ? paths[0] : undefined) ?? '/';

function Breadcrumb({ snapshot, path }: { snapshot: Snapshot; path: string }): JSX.Element {
  const names = path.split('/').filter((name) => name !== '');
  const crumbs = [
    { name: '/', path: '/' },
    ...names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join('/')}` })),
  ];
  return (
    <nav class="crumbs" aria-label="Folder">
      <ol>
        {crumbs.map((crumb, index) => (
          <li key={crumb.path}>
            {index === crumbs.length - 1 ? (
              <span aria-current="location">
                <Foreign text={crumb.name} max={80} />
              </span>
            ) : (
              <a href={snapshotHref(snapshot.id, crumb.path)}>
                <Foreign text={crumb.name} max={80} />
              </a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Entries({
  entries,
  snapshot,
  choosing,
}: {
  entries: readonly SnapshotEntry[];
  snapshot: Snapshot;
  choosing: Choosing;
}): JSX.Element {
  if (entries.length === 0) return <p class="card muted">This folder is empty.</p>;
  const sorted = [...entries].sort(
    (a, b) => Number(isFolder(b)) - Number(isFolder(a)) || ORDER.compare(a.name, b.name),
  );
  return (
    <div class="card card--list">
      <WindowList
        items={sorted}
        rowHeightPx={ROW_HEIGHT_PX}
        label={`Content of ${cleanText(snapshot.planName)}`}
        keyOf={({ path }) => path}
        renderRow={(entry) => (
          <div class="row__choose">
            <Tick entry={entry} choosing={choosing} />
            <EntryRow entry={entry} snapshotId={snapshot.id} />
          </div>
        )}
      />
    </div>
  );
}

const ORDER = new Intl.Collator('en', { numeric: true });
const isFolder = ({ type }: SnapshotEntry) => type === 'dir';
const TYPE_WORDS: Readonly<Record<string, string>> = {
  symlink: 'link',
  fifo: 'pipe',
  socket: 'socket',
  dev: 'device',
  chardev: 'device',
};

function Tick({ entry, choosing }: { entry: SnapshotEntry; choosing: Choosing }): JSX.Element {
  const isPlain = canBeChosen(entry.path);
  return (
    <input
      type="checkbox"
      aria-label={`Restore only ${cleanText(entry.name)}`}
      title={
        isPlain ? 'Restore only what is ticked' : 'This name cannot be shown as it is: choose its folder'
      }
      disabled={!isPlain}
      checked={choosing.chosen.includes(entry.path)}
      onChange={(event) => choosing.choose(entry.path, event.currentTarget.checked)}
    />
  );
}

function EntryRow({ entry, snapshotId }: { entry: SnapshotEntry; snapshotId: string }): JSX.Element {
  const content = (
    <>
      <Icon name={iconOf(entry)} size={18} />
      <span class="row__name">
        <Foreign text={entry.name} />
      </span>
      <span class="muted number row__size">{sizeWords(entry)}</span>
      <span class="muted number row__date">
        {entry.modifiedAt === undefined ? '' : formatShort(entry.modifiedAt)}
      </span>
    </>
  );
  return isFolder(entry) ? (
    <a class="row__link row__link--entry" href={snapshotHref(snapshotId, entry.path)}>
      {content}
    </a>
  ) : (
    <div class="row__link row__link--entry">{content}</div>
  );
}

function iconOf(entry: SnapshotEntry): 'folder' | 'link' | 'file' {
  if (isFolder(entry)) return 'folder';
  return entry.type === 'symlink' ? 'link' : 'file';
}

function sizeWords({ type, sizeBytes }: SnapshotEntry): string {
  if (type === 'file' && sizeBytes !== undefined) return formatBytes(sizeBytes);
  return TYPE_WORDS[type] ?? '';
}
