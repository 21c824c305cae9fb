import type { Command } from 'commander';

/** How a repository is reached that no plan of this machine has. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option('--kit <file>', 'recovery kit (the text file) that names the repository')
    .option('--credentials-file <file>', 'AWS-style file with the keys of an s3: address of your own')
    .option('--space <url>', 'sign in to this Space first, where the backup is there')
    .option('--code <code>', 'pairing code that the Space shows')
    .option('--did <did>', 'or the DID of the owner, did:key:…')
    .option('--token-file <file>', "with a file that holds the owner's token")
    .option('--cluster-id <id>', 'id of the Olares installation');
}
