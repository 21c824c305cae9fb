import type { Command } from 'commander';
import { addLocationOptions } from '../commands/location-options.ts';

/** How a repository is reached that no plan of this machine has. */
export function addPlaceOptions(command: Command): Command {
  command.option('--kit <file>', 'recovery kit (the text file) that names the repository');
  return addLocationOptions(command)
    .option('--space <url>', 'sign in to this Space first, where the backup is there')
    .option('--code <code>', 'pairing code that the Space shows')
    .option('--did <did>', 'or the DID of the owner, did:key:…')
    .option('--token-file <file>', "with a file that holds the owner's token")
    .option('--cluster-id <id>', 'id of the Olares installation');
}
