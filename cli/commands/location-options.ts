import type { Command } from 'commander';
import type { CheckOptions } from '../location-check.ts';
import type { LocationFlags } from '../parse/location.ts';

/** What belongs to the address of a storage, for a plan that is made and for a repository that is found again. */
export type LocationOptions = Omit<LocationFlags, 'location'> & Pick<CheckOptions, 'hostKey'>;

export function addLocationOptions(command: Command): Command {
  return command
    .option('--region <region>', 'region of the Space, or of an s3: location')
    .option(
      '--credentials-file <file>',
      'keys of an s3: location, AWS-style; or username = and password = for rest:',
    )
    .option('--ca-file <file>', 'certificate (PEM) of the authority of an s3: or rest: location')
    .option('--ssh-key <file>', 'private key (without passphrase) for an sftp: location')
    .option('--host-key <key...>', 'fingerprint (SHA256:…) or public key of the host of an sftp: location');
}
