import type {
  Account,
  Link,
  Location,
  MachinesAnswer,
  Plan,
  RegionsAnswer,
  RepositoryAccess,
  StorageCredentials,
  StsPurpose,
  Usage,
} from '../../contract/index.ts';

/** What others need of the Space account. Declared here, handed over by daemon.ts. */
export interface SpaceAccount {
  current(): Account | undefined;
  link(): Link;
  /**
   * @throws AppError `unreachable`, `not_signed_in` (code or token refused), `invalid_input`
   */
  login(input: {
    spaceUrl: string;
    code?: string;
    did?: string;
    token?: string;
    clusterId?: string;
  }): Promise<Account>;
  logout(): Promise<void>;
}

/** What Space's usage call says. */
export type SpaceUsage = Pick<
  Usage,
  'source' | 'totalBytes' | 'usedBytes' | 'freeBytes' | 'canBackup' | 'planLevel' | 'measuredAt' | 'price'
> & { readonly overageLimitBytes?: number };

/** Storage of the account: where a plan's repository is and the temporary keys to it. */
export interface SpaceStorage {
  /**
   * Address of the plan's repository: the pinned one, or for a plan that is not yet armed the one it will have.
   * @throws AppError `not_signed_in`, `unreachable`, `refused` (an answer outside the strict patterns)
   */
  access(plan: Plan): Promise<RepositoryAccess>;
  /** Access to a repository named by a Backup URL of this account, perhaps of another installation. */
  accessByUrl(place: RepositoryPlace): Promise<RepositoryAccess>;
  /** Fresh temporary keys for a plan's location or a Backup URL; cached until 80 % of their life. */
  credentials(options?: {
    location?: Location;
    url?: RepositoryPlace;
    purpose?: StsPurpose;
  }): Promise<StorageCredentials>;
  usage(): Promise<SpaceUsage>;
  /** Where the account may keep data; the first one is Space's own choice. */
  regions(): Promise<RegionsAnswer>;
  /** The account's other machines. @throws AppError also where a Space does not know the call, which says nothing else */
  machines(): Promise<MachinesAnswer['machines']>;
}

/** What the way to a repository needs of its Backup URL. */
export interface RepositoryPlace {
  /** restic's address. */
  readonly address: string;
  /** Part of the Space prefix after the DID; asked for as `backupPrefix`. */
  readonly suffix: string | undefined;
  readonly region: string | undefined;
}
