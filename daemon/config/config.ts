import type { AtLimit } from '../../contract/index.ts';

/** The settings in force: read once from file, arguments and environment, frozen, without secrets. */
export interface Config {
  /** The file that was read, if there is one. */
  readonly configFile: string | undefined;
  readonly stateDir: string;
  /** For one restore on a machine without an agent: no page, no schedule, no link; gone with the one who started it. */
  readonly ephemeral: boolean;
  /** As it stands in the configuration file. */
  readonly fileSettings: Record<string, unknown>;
  /** Where sockets and run files live: `<stateDir>/run`, or /run/olares-backup under systemd. */
  readonly runDir: string;
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly logLevel: string;
  /** Name of this machine for people; never sent as restic's host. */
  readonly machineName: string;
  /** Random and fixed: seed of the schedule's delays. */
  readonly machineId: string;
  /** IANA zone of plans that name none. */
  readonly zone: string;
  /** Fixed restic host of this machine: locks and parents depend on it. */
  readonly engineHost: string;
  readonly helper: {
    /** argv of the helper program, e.g. [node, dist/olares-backup-helper.mjs]. */
    readonly command: readonly string[];
    readonly resticBin: string | undefined;
  };
  readonly limits: {
    readonly uploadKiBPerSecond: number | undefined;
    readonly downloadKiBPerSecond: number | undefined;
  };
  /** When the next snapshot does not fit into what Space includes. */
  readonly quota: {
    readonly atLimit: AtLimit;
    /** Most that storage beyond what is included may cost a month. */
    readonly payUpTo: { readonly amount: number; readonly currency: string } | undefined;
  };
  readonly jobs: {
    readonly retryBaseMs: number;
    readonly retryMaxMs: number;
    readonly giveUpAfterMs: number;
  };
  readonly scheduler: { readonly jitterMaxMs: number };
  /** What Space may ask for, by class. */
  readonly remote: {
    readonly backup: RemoteRule;
    readonly restore: RemoteRule;
    readonly plan: RemoteRule;
  };
  readonly spaceLink: {
    readonly reconnectBaseMs: number;
    readonly reconnectMaxMs: number;
  };
}

/** ask: it waits for a person at the machine. A restore does so with `allow`, too. */
export type RemoteRule = 'allow' | 'ask' | 'never';
