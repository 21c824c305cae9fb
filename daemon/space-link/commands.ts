import {
  AppError,
  cleanText,
  type AgentEvent,
  type CommandKind,
  type CommandPayload,
  type RemoteRule,
  type RestoreRequest,
  type ResultStatus,
  type SpaceCommand,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { CommandOutcome, CommandRow } from '../store/command-table.ts';
import type { Store } from '../store/store.ts';
import { commandView } from './command-trail.ts';
import { createBucket } from './flood-guard.ts';
import {
  declined,
  endHeld,
  holdCommand,
  overdueCommands,
  requireHeld,
  type Answer,
} from './held-commands.ts';
import { requestOutcome } from './request-outcome.ts';
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
  readonly chance: Chance;
  /** The pairing that holds; undefined while there is none. */
  readonly deviceId: () => string | undefined;
  readonly log: Log;
  readonly effects: CommandEffects;
  readonly remote: Readonly<Record<'backup' | 'restore' | 'plan', RemoteRule>>;
}

export interface Commands {
  /** Stores it, then carries it out; a command that is known is answered from the store and has no second effect. */
  receive(command: CommandPayload, text: string): CommandResult;
  /** Carries out what was stored but not done when the process ended. */
  resume(): void;
  /**
   * A person's yes or no to one that waits.
   * @throws AppError `not_found`, `refused` when its time is over, and what the effect throws
   */
  answer(codeOrId: string, answer: Answer): SpaceCommand;
  /** Ends those nobody answered in time. */
  expire(): void;
  /** What Space is to be told after an event; undefined where it is about no command. */
  resultAfter(event: AgentEvent): CommandResult | undefined;
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
  const noting = (command: CommandPayload, text: string, act: () => CommandResult): CommandResult => {
    const note = { ...noteOf(command, text), status: 'received' } as const;
    journal.note(note);
    const result = act();
    journal.note({ ...note, ...result });
    return result;
  };
  const carryOut = (command: CommandPayload, text: string): CommandResult =>
    noting(command, text, () => perform(options, command));
  const expire = (): void => {
    for (const { commandId, ...outcome } of overdueCommands(options)) {
      const result = endHeld(store, commandId, outcome);
      const noted = journal.get(commandId);
      if (noted?.status === 'waiting') journal.note({ ...noted, ...result });
    }
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
    answer(codeOrId, answer) {
      expire();
      const { commandId, payload } = requireHeld(options, codeOrId);
      const command = JSON.parse(payload) as CommandPayload;
      const failed: unknown[] = [];
      noting(command, payload, () =>
        answer.allow
          ? attempt(options, command, { end: endHeld, onFailed: (error) => failed.push(error) })
          : endHeld(store, commandId, declined(answer)),
      );
      if (failed.length > 0) throw failed[0];
      return commandView(store, store.commands.get(commandId) as CommandRow);
    },
    expire,
    resultAfter(event) {
      if (event.kind === 'request.state') return requestChanged(options, event.body.request);
      if (event.kind !== 'command.state') return undefined;
      const row = store.commands.get(event.body.command.id);
      return row && row.deviceId === options.deviceId() ? resultOf(row) : undefined;
    },
  };
}

/** The result of a restore is its request's. Undefined when nobody asked for it by command. */
function requestChanged({ store }: CommandsOptions, request: RestoreRequest): CommandResult | undefined {
  const journal = store.commandJournal;
  const commandId = store.requests.get(request.id)?.commandId;
  const outcome = requestOutcome(request);
  if (!commandId || !outcome) return undefined;
  const result = settle(store, commandId, outcome);
  const noted = journal.get(commandId);
  if (noted && noted.status !== outcome.status) journal.note({ ...noted, ...result });
  return result;
}

function perform(options: CommandsOptions, command: CommandPayload): CommandResult {
  const { store } = options;
  const { commandId } = command;
  const rule = ruleOf(command, options.remote);
  if (rule === 'never') return settle(store, commandId, { status: 'refused', code: 'not_allowed_here' });
  if (rule === 'ask') return endHeld(store, commandId, holdCommand(options, command));
  return attempt(options, command, { end: settle, onFailed: () => undefined });
}

interface Attempt {
  /** Writes down what came of it. */
  readonly end: (store: Store, commandId: string, outcome: CommandOutcome) => CommandResult;
  readonly onFailed: (error: unknown) => void;
}

function attempt(
  options: CommandsOptions,
  command: CommandPayload,
  { end, onFailed }: Attempt,
): CommandResult {
  const { store, log } = options;
  const { commandId, kind } = command;
  try {
    return store.commit((append) => {
      if (kind === 'notice') append('notice', { text: cleanText(command.params.text) });
      return end(store, commandId, effectOf(command, options.effects));
    });
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'failed';
    log.warn({ commandId, kind, err: error }, 'a command of Space was not carried out');
    onFailed(error);
    return end(store, commandId, { status: code === 'failed' ? 'failed' : 'refused', code });
  }
}

function settle(store: Store, commandId: string, outcome: CommandOutcome): CommandResult {
  store.commit(() => store.commands.settle(commandId, outcome));
  const row = store.commands.get(commandId);
  return row ? resultOf(row) : { commandId, ...outcome };
}

/** More than a Space keeps unanswered for one machine (200), and then one a second: an honest one is never refused. */
const NEW_COMMANDS = { size: 250, perSecond: 1 };

/** Commands are carried out in the same turn they are stored, so only the newest few can be unfinished. */
const RESUME_LOOK = 1000;

interface Effect {
  readonly status: ResultStatus;
  readonly requestCode?: string;
}

/** A restore waits for a person whatever the rule says. */
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
    reason: null,
  };
}
