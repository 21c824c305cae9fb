import {
  AppError,
  cleanText,
  type CommandKind,
  type CommandPayload,
  type RemoteRule,
  type RequestState,
  type ResultStatus,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { CommandRow } from '../store/command-table.ts';
import type { Store } from '../store/store.ts';

/** What commands may set in motion; the same calls that a button on the page makes. */
export interface CommandEffects {
  backupNow(planId: string): void;
  cancelJob(jobId: string): void;
  pausePlan(planId: string): void;
  resumePlan(planId: string): void;
  proposeRestore(input: {
    planId?: string;
    snapshotId: string;
    backupUrl?: string;
    note: string;
    commandId: string;
    expiresAt: number;
  }): { code: string };
  cancelRestore(requestId: string): void;
  /** Asks for a fresh look at usage; its event reaches Space by the log. */
  reportStatus(): void;
}

export interface CommandsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly effects: CommandEffects;
  readonly remote: Readonly<Record<'backup' | 'restore' | 'plan', RemoteRule>>;
}

export interface CommandResult {
  readonly commandId: string;
  readonly status: ResultStatus;
  readonly code?: string;
  readonly requestCode?: string;
}

export interface Commands {
  /** Stores it, then carries it out; a command that is known is answered from the store and has no second effect. */
  receive(command: CommandPayload, text: string): CommandResult;
  /** Carries out what was stored but not done when the process ended. */
  resume(): void;
  /** The new state of a request that a command proposed. Undefined when nobody asked by command. */
  requestChanged(requestId: string, state: RequestState): CommandResult | undefined;
}

const CLASS_OF = {
  'backup.now': 'backup',
  'job.cancel': 'backup',
  'restore.propose': 'restore',
  'restore.cancel': 'restore',
  'plan.pause': 'plan',
  'plan.resume': 'plan',
  'status.request': undefined,
  notice: undefined,
} as const satisfies Record<CommandKind, keyof CommandsOptions['remote'] | undefined>;

export function createCommands(options: CommandsOptions): Commands {
  const { store, log } = options;
  const receive = (command: CommandPayload, text: string): CommandResult => {
    const known = store.commands.get(command.commandId);
    if (known) return known.payload === text ? resultOf(known) : refusal(command.commandId, 'id_used_before');
    if (command.seq <= store.commands.newestSeq(command.deviceId))
      return refusal(command.commandId, 'replayed');
    store.commit(() => store.commands.insert(rowOf(command, text, options.clock.now())));
    return carryOut(command);
  };

  const carryOut = (command: CommandPayload): CommandResult => {
    const rule = ruleOf(command, options.remote);
    if (rule !== 'allow') return settle(command.commandId, 'refused', { code: REFUSED_BY[rule] });
    try {
      return store.commit((append) => {
        if (command.kind === 'notice') append('notice', { text: cleanText(command.params.text) });
        const effect = perform(command, options.effects);
        return settle(command.commandId, effect.status, effect);
      });
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'failed';
      log.warn(
        { commandId: command.commandId, kind: command.kind, err: error },
        'a command of Space was not carried out',
      );
      return settle(command.commandId, code === 'failed' ? 'failed' : 'refused', { code });
    }
  };

  const settle = (
    commandId: string,
    status: ResultStatus,
    details: { code?: string; requestCode?: string } = {},
  ): CommandResult => {
    store.commit(() => store.commands.setStatus(commandId, status, details));
    const row = store.commands.get(commandId);
    return row ? resultOf(row) : { commandId, status };
  };

  return {
    receive,
    resume() {
      for (const row of store.commands
        .list(RESUME_LOOK)
        .filter((candidate) => candidate.status === 'received')) {
        carryOut(JSON.parse(row.payload) as CommandPayload);
      }
    },
    requestChanged(requestId, state) {
      const commandId = store.requests.get(requestId)?.commandId;
      const status = REQUEST_RESULTS[state];
      if (!commandId || !status) return undefined;
      return settle(commandId, status, state === 'declined' ? { code: 'declined' } : {});
    },
  };
}

/** Commands are carried out in the same turn they are stored, so only the newest few can be unfinished. */
const RESUME_LOOK = 1000;

const REQUEST_RESULTS: Partial<Record<RequestState, ResultStatus>> = {
  done: 'done',
  incomplete: 'done',
  failed: 'failed',
  declined: 'refused',
  cancelled: 'refused',
  expired: 'expired',
};

interface Effect {
  readonly status: ResultStatus;
  readonly requestCode?: string;
}

const REFUSED_BY = { never: 'not_allowed_here', ask: 'ask_at_machine' } as const;

/** A restore waits for a person whatever the rule says. Other commands do not wait: `ask` sends the person there. */
function ruleOf(command: CommandPayload, remote: CommandsOptions['remote']): RemoteRule {
  const commandClass = CLASS_OF[command.kind];
  if (commandClass === undefined) return 'allow';
  const rule = remote[commandClass];
  return rule === 'ask' && commandClass === 'restore' ? 'allow' : rule;
}

function perform(command: CommandPayload, effects: CommandEffects): Effect {
  const done: Effect = { status: 'done' };
  switch (command.kind) {
    case 'backup.now':
      effects.backupNow(command.params.planId);
      return done;
    case 'job.cancel':
      effects.cancelJob(command.params.jobId);
      return done;
    case 'plan.pause':
      effects.pausePlan(command.params.planId);
      return done;
    case 'plan.resume':
      effects.resumePlan(command.params.planId);
      return done;
    case 'restore.propose': {
      const { commandId, expiresAt } = command;
      const request = effects.proposeRestore({ ...command.params, commandId, expiresAt });
      return { status: 'waiting', requestCode: request.code };
    }
    case 'restore.cancel':
      effects.cancelRestore(command.params.requestId);
      return done;
    case 'status.request':
      effects.reportStatus();
      return done;
    case 'notice':
      return done;
  }
}

function rowOf(command: CommandPayload, payload: string, receivedAt: number): CommandRow {
  const { commandId, deviceId, seq, kind } = command;
  return {
    commandId,
    deviceId,
    seq,
    kind,
    payload,
    receivedAt,
    status: 'received',
    code: null,
    requestCode: null,
  };
}

function resultOf(row: CommandRow): CommandResult {
  return {
    commandId: row.commandId,
    status: row.status,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.requestCode === null ? {} : { requestCode: row.requestCode }),
  };
}

function refusal(commandId: string, code: string): CommandResult {
  return { commandId, status: 'refused', code };
}
