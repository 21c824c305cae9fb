import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { isLoopback } from '../engine/way.ts';
import type { Doubt } from './steps.ts';

/** The password of a REST server goes with every request; the keys of S3 only sign them. */
export function clearTextDoubt({ address }: Pick<RepositoryAccess, 'address'>): Doubt | undefined {
  if (!address.startsWith('rest:http:')) return undefined;
  const { hostname } = new URL(address.slice('rest:'.length));
  if (isLoopback(hostname.replace(/^\[|\]$/g, ''))) return undefined;
  return {
    message: `the password for ${hostname} goes over the network in clear, since the address begins with http:`,
    hint: 'use https:, with --ca-file for a certificate of your own; the snapshots are encrypted in either case',
  };
}
