import type { Command } from 'commander';
import { addPasswordOptions } from '../password/sources.ts';
import { addPlaceOptions } from '../disaster/place-options.ts';
import type { OpenSession } from '../session.ts';
import type { AnywhereOptions } from '../disaster/restore-anywhere.ts';

export function registerRestore(program: Command, open: OpenSession): void {
  const command = program
    .command('restore')
    .summary('restore files from a snapshot')
    .description(
      'Restores files from a snapshot, into a new directory unless you say otherwise. Without an argument it leads you through.',
    )
    .argument(
      '[what]',
      'code of a request, id of a snapshot, latest, a Backup URL, a kit code, or the address of a repository',
    )
    .option('--plan <name>', 'the plan whose snapshot it is')
    .option('--target <dir>', 'where to; default: a new directory beside the source')
    .option('--in-place', 'replace the files where they were; the old ones are kept for undo')
    .option('--snapshot-first', 'before files of a plan are replaced in place, take a snapshot of them')
    .option('--include <path...>', 'only these absolute paths of the snapshot')
    .option('--conflict <rule>', 'files that are there already: keep, different, replace or rename')
    .option('--delete-extra', 'also remove what the snapshot does not have; it is kept for undo')
    .option('--no-verify', 'do not read again and compare what was written, nor wait until it is on the disk')
    .option('--detach', 'do not wait for the end')
    .option('--accept-date <day>', 'date of a snapshot much older than the newest, e.g. 2026-04-20')
    .option('--dry-run', 'show what would happen and stop');
  addPlaceOptions(command)
    .option('--snapshot <id>', 'which snapshot of a repository that is named as a whole; default: the newest')
    .option('--foreground', 'without the agent of this machine');
  addPasswordOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (what: string | undefined, options: AnywhereOptions, self: Command) => {
      const { restoreAnywhere } = await import('../disaster/restore-anywhere.ts');
      await restoreAnywhere(open(self), what, options);
    });
}

const EXAMPLES = `
Examples:
  olares-backup restore                                   led through, step by step
  olares-backup restore 7F3K                              what Space asked for
  olares-backup restore latest --plan photos --target /tmp/photos
  olares-backup restore URL --space https://space.example --code 4821-7730
                                                          on a new machine without an agent
  olares-backup restore --kit kit.txt                     with the recovery kit, anywhere
  olares-backup restore 1a2b3c4d --include /home/me/letters --dry-run
  olares-backup restore latest --plan photos --in-place --conflict different --dry-run

A target must be new or empty, unless --conflict says what becomes of files that are there: keep leaves them,
different replaces those that differ, replace replaces all, rename brings the snapshot's beside them. In place means
replace. What only the target has stays, unless --delete-extra is said. \`request undo CODE\` takes back all of it.

While it runs, Ctrl-C asks for a clean stop, and twice leaves it running: \`job watch\` joins it again.

Exit code 12: wrong password; 75: too many wrong ones, try later; 17: refused, expired, or an unknown code.`;
