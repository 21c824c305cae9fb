import type { HelperRequestOf, RepositoryAccess } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import type { CredentialGetter } from '../storage/objects.ts';

export type Request = HelperRequestOf<'probe'>;

export interface Probe {
  readonly session: Session;
  readonly request: Request;
  /** With the sign-in of a REST server. */
  readonly access: RepositoryAccess;
  readonly credentials: CredentialGetter | undefined;
}
