import type { Command } from 'commander';
import { addPasswordOptions } from '../password/sources.ts';
import type { OpenSession } from '../session.ts';
import type { RestoreOptions } from '../restore/restore-flow.ts';

export function registerRestore(program: Command, open: OpenSession): void {
  const command = program
    .command('restore')
    .summary('restore files from a snapshot')
    .description(
      'Restores files from a snapshot, into a new directory unless you say otherwise. Without an argument it leads you through.',
    )
    .argument('[what]', 'code of a request, id of a snapshot, latest, or a Backup URL')
    .option('--plan <name>', 'the plan whose snapshot it is')
    .option('--target <dir>', 'where to; default: a new directory beside the source')
    .option('--in-place', 'replace the files where they were; the old ones are kept for undo')
    .option('--include <path...>', 'only these absolute paths of the snapshot')
    .option('--dry-run', 'show what would happen and stop');
  addPasswordOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (what: string | undefined, options: RestoreOptions, self: Command) => {
      const { restore } = await import('../restore/restore-flow.ts');
      await restore(open(self), what, options);
    });
}

const EXAMPLES = `
Examples:
  olares-backup restore                                   led through, step by step
  olares-backup restore 7F3K                              what Space asked for
  olares-backup restore latest --plan photos --target /tmp/photos
  olares-backup restore 1a2b3c4d --include /home/me/letters --dry-run

Exit code 12: wrong password; 75: too many wrong ones, try later; 17: refused or expired.`;
