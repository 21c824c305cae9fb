import type { Command } from 'commander';
import { AppError, cleanText, type RouteInput, type Routes } from '../../contract/index.ts';
import { regionText } from '../location-check.ts';
import { readSecretFile, readSecretStdin } from '../password/sources.ts';
import type { OpenSession, Session } from '../session.ts';

export interface LoginOptions {
  readonly space: string;
  readonly code?: string;
  readonly did?: string;
  readonly tokenFile?: string;
  readonly clusterId?: string;
}

export function registerLogin(program: Command, open: OpenSession): void {
  program
    .command('login')
    .summary('connect this machine with a Space')
    .description(
      'Connects this machine with a Space: by a pairing code, or with the DID and token of its owner.',
    )
    .requiredOption('--space <url>', 'address of the Space')
    .option('--code <code>', 'pairing code that the Space shows')
    .option('--did <did>', 'DID of the owner, did:key:…')
    .option('--token-file <file>', "file with the owner's token, or - for stdin")
    .option('--cluster-id <id>', 'id of this Olares installation')
    .addHelpText(
      'after',
      '\nExamples:\n  olares-backup login --space https://space.example --code 4821-7730\n  olares-backup login --space https://space.example --did did:key:z6Mk… --token-file token.txt',
    )
    .action(async (options: LoginOptions, command: Command) => {
      const session = open(command);
      const account = await session.api.call('login', { body: await loginBody(session, options) });
      // Only a help for `plan add`: being signed in does not depend on it.
      const regions = await session.api.call('listRegions').catch(() => []);
      session.print.result(account, () => [
        `Signed in to ${cleanText(account.spaceUrl)} as ${cleanText(account.olaresName ?? account.userid)}${account.paired ? ', paired' : ''}`,
        ...(regions.length > 1
          ? [`It keeps data in: ${regions.map(regionText).join(', ')} (choose by plan add --region)`]
          : []),
      ]);
    });
}

export type Credentials = RouteInput<Routes['login']>['body'];

export async function loginBody(session: Session, options: LoginOptions): Promise<Credentials> {
  const { space, code, did, clusterId } = options;
  requireAddress(space);
  requireOneWay(options);
  const base = { spaceUrl: space, ...(clusterId === undefined ? {} : { clusterId }) };
  if (code !== undefined) return { ...base, code };
  return { ...base, ...(did === undefined ? {} : { did }), token: await readToken(session, options) };
}

function requireAddress(space: string): void {
  if (/^https?:\/\/[^/]/.test(space)) return;
  throw new AppError('invalid_input', `--space: "${space}" is no address`, {
    field: '--space',
    hint: 'write it with https://',
  });
}

function requireOneWay({ code, did, tokenFile }: LoginOptions): void {
  const byCode = code !== undefined && did === undefined && tokenFile === undefined;
  const byToken = code === undefined && did !== undefined && tokenFile !== undefined;
  if (byCode || byToken) return;
  throw new AppError('invalid_input', 'say who you are in one way', {
    field: '--code',
    hint: 'give --code CODE, or --did DID with --token-file FILE',
  });
}

async function readToken(session: Session, { tokenFile = '-' }: LoginOptions): Promise<string> {
  const token =
    tokenFile === '-'
      ? await readSecretStdin(session, '--token-file')
      : await readSecretFile(session, '--token-file', tokenFile);
  return token.trim();
}
