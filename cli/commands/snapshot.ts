import type { Command } from 'commander';
import { entryColumns, snapshotColumns, snapshotLines } from '../output/snapshot-lines.ts';
import { registerSnapshotSearch } from './snapshot-search.ts';
import type { OpenSession } from '../session.ts';

export function registerSnapshot(program: Command, open: OpenSession): void {
  const snapshot = program.command('snapshot').description('list snapshots and look into them');
  snapshot
    .command('list')
    .description('list the snapshots, the newest first')
    .argument('[plan]', 'only those of this plan')
    .option('--refresh', 'ask the repository now instead of the last known list')
    .action(async (plan: string | undefined, options: { refresh?: boolean }, command: Command) => {
      const { api, print, runtime } = open(command);
      const query = {
        ...(plan === undefined ? {} : { plan }),
        ...(options.refresh ? { refresh: true } : {}),
      };
      const snapshots = await api.call('listSnapshots', { query });
      print.result(snapshots, () =>
        snapshots.length > 0
          ? print.table(snapshots, snapshotColumns({ style: print.style, now: runtime.now() }))
          : ['No snapshot yet. Take one: olares-backup backup PLAN'],
      );
    });
  snapshot
    .command('show')
    .description('show one snapshot')
    .argument('<id>', 'id of the snapshot, or the beginning of it')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const found = await api.call('getSnapshot', { params: { snapshot: id } });
      print.result(found, () => snapshotLines(found, print, runtime.now()));
    });
  snapshot
    .command('ls')
    .description('list a directory of a snapshot')
    .argument('<id>', 'id of the snapshot, or the beginning of it')
    .argument('[path]', 'absolute path of the directory; default: the top')
    .action(async (id: string, path: string | undefined, _options: object, command: Command) => {
      const { api, print } = open(command);
      const entries = await api.call('listEntries', {
        params: { snapshot: id },
        ...(path === undefined ? {} : { query: { path } }),
      });
      print.result(entries, () => (entries.length > 0 ? print.table(entries, entryColumns()) : ['(empty)']));
    });
  registerSnapshotSearch(snapshot, open);
}
