import {
  AppError,
  type DoctorCheck,
  type Link,
  type Plan,
  type Progress,
  type RemoteRule,
  type SpaceCommand,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Health } from '../health/health.ts';
import type { Store } from '../store/store.ts';
import { createSpaceSession } from './account.ts';
import { createCommands, type CommandEffects, type Commands } from './commands.ts';
import { heldCommands } from './held-commands.ts';
import { openIdentityFile } from './identity.ts';
import { startLink } from './link.ts';
import { keepPlaces } from './outlet-places.ts';
import { startReportOutlet } from './report-outlet.ts';
import { spaceCheck } from './space-check.ts';
import type { SpaceAccount, SpaceStorage } from './space-types.ts';
import { createSpaceStorage } from './storage.ts';

export interface SpacePartOptions {
  readonly identityPath: string;
  readonly store: Store;
  readonly health: Health;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  readonly machineName: string;
  readonly remote: Readonly<Record<'backup' | 'restore' | 'plan', RemoteRule>>;
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  /** For tests; see the link's own. */
  readonly pingEveryMs?: number;
  readonly pongWithinMs?: number;
}

export interface SpaceLinkOptions {
  readonly effects: CommandEffects;
  readonly findPlan: (id: string) => Plan | undefined;
  readonly onProgress: (listener: (progress: Progress) => void) => () => void;
}

/** All that talks to Space: account, storage keys, reports, WebSocket. */
export interface SpacePart {
  readonly account: SpaceAccount;
  readonly storage: SpaceStorage;
  /** Commands that wait for a person's yes or no. */
  readonly asked: {
    list(): SpaceCommand[];
    /** @throws as {@link Commands.answer} */
    answer: Commands['answer'];
    expire(): void;
  };
  /** Is somebody signed in, does the link stand, do the clocks agree? */
  doctorCheck(): DoctorCheck;
  /** Called when the account changed: signed in, signed out, refused. */
  onChanged(listener: () => void): void;
  /** Begins to report and to listen; before it only calls that others ask for are made. */
  start(options: SpaceLinkOptions): { stop(): Promise<void> };
}

const TOKEN_LOOK_MS = 10 * 60 * 1000;

export function createSpacePart(options: SpacePartOptions): SpacePart {
  const session = createSpaceSession({ ...options, file: openIdentityFile(options.identityPath) });
  const storage = createSpaceStorage({ session, clock: options.clock });
  let running:
    | {
        commands: Commands;
        link: ReturnType<typeof startLink>;
        reports: ReturnType<typeof startReportOutlet>;
      }
    | undefined;

  const linkView = (): Link => ({
    ...(running?.link.view() ?? { state: 'offline', since: options.clock.now() }),
    pendingReports: session.identity() ? (running?.reports.pending() ?? 0) : 0,
  });
  const account: SpaceAccount = {
    current: () => session.account(),
    link: linkView,
    login: (input) => session.login(input),
    logout: () => session.logout(),
  };
  return {
    account,
    storage,
    asked: {
      list: () => heldCommands(options.store),
      answer(codeOrId, answer) {
        if (!running) throw new AppError('try_later', 'the agent is starting');
        return running.commands.answer(codeOrId, answer);
      },
      expire: () => running?.commands.expire(),
    },
    doctorCheck: () =>
      spaceCheck({ account: session.account(), link: linkView(), offsetMs: session.clockOffsetMs() }),
    onChanged: (listener) => session.onChanged(listener),
    start(parts) {
      keepPlaces(options.store, session);
      const deviceId = () => session.identity()?.device?.id;
      const commands = createCommands({ ...options, deviceId, effects: parts.effects });
      session.onChanged(() => commands.expire());
      const link = startLink({ ...options, session, commands, onProgress: parts.onProgress });
      const reports = startReportOutlet({
        ...options,
        session,
        context: reportContext(options.store, parts),
        retryBaseMs: options.reconnectBaseMs,
        retryMaxMs: options.reconnectMaxMs,
      });
      const tokenLook = setInterval(() => void session.refreshToken().catch(() => undefined), TOKEN_LOOK_MS);
      tokenLook.unref();
      running = { commands, link, reports };
      return {
        async stop() {
          clearInterval(tokenLook);
          await Promise.all([link.stop(), reports.stop()]);
        },
      };
    },
  };
}

function reportContext(store: Store, parts: SpaceLinkOptions) {
  return {
    plan: parts.findPlan,
    ledgerUpTo(planId: string, jobId: string) {
      const newestFirst = store.snapshots.list(planId);
      const at = newestFirst.findIndex((row) => row.jobId === jobId);
      const [, ...earlier] = newestFirst.slice(Math.max(at, 0));
      const upTo = newestFirst.slice(Math.max(at, 0)).filter(({ state }) => state === 'present');
      return {
        hasEarlier: earlier.some((row) => row.jobId !== null),
        storedBytes: upTo.reduce((sum, { addedBytes }) => sum + (addedBytes ?? 0), 0),
      };
    },
  };
}
