import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import { openCredentialEndpoint } from '../credentials/endpoint.ts';
import { createFileSource } from '../credentials/file.ts';
import { createCredentialSource } from '../credentials/source.ts';
import type { Session } from '../session.ts';
import type { CredentialGetter } from '../storage/objects.ts';

export interface OpenCredentials {
  readonly get: CredentialGetter | undefined;
  readonly environment: Readonly<Record<string, string>>;
  waitingSince(): number | undefined;
  close(): void;
}

/** Keys of an S3 storage, for restic and for us. Those of a REST server are part of its address. */
export async function openCredentials(
  session: Session,
  { credentials, address }: RepositoryAccess,
): Promise<OpenCredentials> {
  if (credentials.kind === 'none' || (credentials.kind === 'file' && !address.startsWith('s3:')))
    return { get: undefined, environment: {}, waitingSince: () => undefined, close: () => undefined };
  const source =
    credentials.kind === 'file'
      ? createFileSource(session, credentials.path)
      : createCredentialSource(session);
  const endpoint = await openCredentialEndpoint(session, source);
  return {
    get: () => source.get(),
    environment: endpoint.environment,
    waitingSince: () => source.waitingSince(),
    close() {
      endpoint.close();
      source.close();
    },
  };
}
