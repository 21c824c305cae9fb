import type { Command } from 'commander';
import { addPlaceOptions } from '../disaster/place-options.ts';
import type { AdoptOptions } from '../disaster/adopt.ts';
import { addPasswordOptions } from '../password/sources.ts';
import type { OpenSession } from '../session.ts';
import { addPlanOptions } from './plan-options.ts';

export function registerAdopt(program: Command, open: OpenSession): void {
  const command = program
    .command('adopt')
    .summary('go on with a plan of a machine that is lost')
    .description(
      'Makes the plan of a lost machine anew from what its snapshots carry: paths, excludes, schedule and lineage. ' +
        'Nothing is uploaded again. Takes a Backup URL, the code of a recovery kit, or the address of a repository.',
    )
    .argument('[what]', 'a Backup URL, a kit code, or the address of a repository')
    .option('--name <name>', 'another name for the plan');
  addPlanOptions(command)
    .option('--kit-file <file>', 'make new recovery words and write a recovery kit into a new file')
    .option('--remove-old-key', 'remove the key of the lost machine')
    .option('--keep-old-key', 'leave it, without a question')
    .option('--look', 'say what is in the repository and stop');
  addPlaceOptions(command);
  addPasswordOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (what: string | undefined, options: AdoptOptions, self: Command) => {
      const { adopt } = await import('../disaster/adopt.ts');
      await adopt(open(self), what, options);
    });
}

const EXAMPLES = `
Examples:
  olares-backup adopt /mnt/disk/olares-backups/photos-0b0e6c1e-0000-4000-8000-000000000001
  olares-backup adopt URL --space https://space.example --code 4821-7730
  olares-backup adopt --kit kit.txt --path /home/me/Photos`;
