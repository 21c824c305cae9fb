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
import { createBucket } from './flood-guard.ts';
import { answerKnown, noteOf, refusal, resultOf, type CommandResult } from './known-commands.ts';

export type { CommandResult };

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
  const { store } = options;
  const journal = store.commandJournal;
  const bucket = createBucket(options.clock, NEW_COMMANDS);
  /** In the journal before the effect, so that no older copy of the database can let it happen again. */
  const carryOut = (command: CommandPayload, text: string): CommandResult => {
    const note = { ...noteOf(command, text), status: 'received' } as const;
    journal.note(note);
    const result = perform(options, command);
    journal.note({ ...note, ...result });
    return result;
  };
  return {
    receive(command, text) {
      const answer = answerKnown(store, command, text);
      if (answer) return answer;
      if (!bucket.take()) return refusal(command.commandId, 'busy');
      store.commit(() => store.commands.insert(rowOf(command, text, options.clock.now())));
      return carryOut(command, text);
    },
    resume() {
      const rows = store.commands.list(RESUME_LOOK).filter(({ status }) => status === 'received');
      for (const row of rows) {
        const noted = journal.get(row.commandId);
        if (noted && noted.status !== 'received') settle(store, row.commandId, noted);
        else carryOut(JSON.parse(row.payload) as CommandPayload, row.payload);
      }
    },
    requestChanged(requestId, state) {
      const commandId = store.requests.get(requestId)?.commandId;
      const status = REQUEST_RESULTS[state];
      if (!commandId || !status) return undefined;
      const code = state === 'declined' ? { code: 'declined' } : {};
      const result = settle(store, commandId, { status, ...code });
      const noted = journal.get(commandId);
      if (noted && noted.status !== status) journal.note({ ...noted, ...result });
      return result;
    },
  };
}

function perform(options: CommandsOptions, command: CommandPayload): CommandResult {
  const { store, log } = options;
  const { commandId, kind } = command;
  const rule = ruleOf(command, options.remote);
  if (rule !== 'allow') return settle(store, commandId, { status: 'refused', code: REFUSED_BY[rule] });
  try {
    return store.commit((append) => {
      if (kind === 'notice') append('notice', { text: cleanText(command.params.text) });
      return settle(store, commandId, effectOf(command, options.effects));
    });
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'failed';
    log.warn({ commandId, kind, err: error }, 'a command of Space was not carried out');
    return settle(store, commandId, { status: code === 'failed' ? 'failed' : 'refused', code });
  }
}

function settle(store: Store, commandId: string, outcome: Omit<CommandResult, 'commandId'>): CommandResult {
  const { status, code, requestCode } = outcome;
  const details = { ...(code !== undefined && { code }), ...(requestCode !== undefined && { requestCode }) };
  store.commit(() => store.commands.setStatus(commandId, status, details));
  const row = store.commands.get(commandId);
  return row ? resultOf(row) : { commandId, status };
}

/** More than a Space keeps unanswered for one machine (200), and then one a second: an honest one is never refused. */
const NEW_COMMANDS = { size: 250, perSecond: 1 };

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

function effectOf(command: CommandPayload, effects: CommandEffects): Effect {
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
