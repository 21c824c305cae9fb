import { statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RestoreChoice, RestorePreview } from '../../contract/index.ts';
import { sourcePathsOf, wayTo, type RestoreAccessOptions } from './restore-access.ts';
import type { RequestRow, RestoreEngine, RestoreStore } from './restore-ports.ts';
import { estimateMs } from './restore-speed.ts';

export interface PreviewOptions extends RestoreAccessOptions {
  readonly store: Pick<RestoreStore, 'snapshots' | 'facts'>;
  readonly engine: RestoreEngine;
  readonly config: { readonly engineHost: string };
}

export interface PreviewSubject {
  readonly row: RequestRow;
  readonly choice: RestoreChoice;
  readonly target: string;
}

/** What the restore would do. Of another installation's repository nothing is known before the password is typed. */
export async function previewRestore(options: PreviewOptions, what: PreviewSubject): Promise<RestorePreview> {
  const { row, choice, target } = what;
  if (row.planId === null) return await blindPreview(what);
  const { access, credentials } = await wayTo(options, row);
  const [subPath, second] = sourcePathsOf(options, row, choice);
  const looked = options.engine.run(
    {
      verb: 'restore-preview',
      access,
      host: options.config.engineHost,
      snapshotId: row.snapshotId,
      choice,
      target,
      ...(subPath !== undefined && second === undefined && { subPath }),
      ...(row.filesTotal !== null &&
        row.bytesTotal !== null && { totals: { files: row.filesTotal, bytes: row.bytesTotal } }),
    },
    credentials && { credentials },
  );
  options.engine.prepare('keycheck');
  const preview = await looked;
  const durationMs = estimateMs(options.store.facts, preview.bytesToFetch ?? preview.bytesTotal);
  return { ...preview, ...(durationMs !== undefined && { estimateMs: durationMs }) };
}

async function blindPreview({ row, choice, target }: PreviewSubject): Promise<RestorePreview> {
  const { bavail, bsize, ffree, files } = await statfs(existingParent(target));
  const exists = existsSync(target);
  return {
    target,
    targetExists: exists,
    inPlace: choice.inPlace === true,
    ...(exists && choice.conflict !== undefined && { conflict: choice.conflict }),
    ...(choice.deleteExtra === true && { deletesExtra: true }),
    filesTotal: row.filesTotal ?? 0,
    bytesTotal: row.bytesTotal ?? 0,
    filesNew: 0,
    filesChanged: 0,
    filesUnchanged: 0,
    filesExtra: 0,
    freeBytes: bavail * bsize,
    // Some file systems (btrfs) have no fixed number of inodes and say 0 of 0.
    freeInodes: files === 0 ? Number.MAX_SAFE_INTEGER : ffree,
    fits: true,
    warnings: [
      'how much space it takes is not known before; if it is too much, the restore ends and leaves nothing',
    ],
  };
}

function existingParent(path: string): string {
  let parent = path;
  while (!existsSync(parent)) parent = dirname(parent);
  return parent;
}
