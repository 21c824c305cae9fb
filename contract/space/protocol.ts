import * as Type from 'typebox';
import type { Static } from 'typebox';
import { closed, EpochMs, ResticId, Uuid } from '../schema.ts';

/**
 * The agent WebSocket: `wss://{space}/v1/agent/connect`, subprotocol `olares-backup.v1`, text frames of JSON up to
 * 64 KiB, no compression. The manual is docs/space-protocol.md.
 */
export const AGENT_SUBPROTOCOL = 'olares-backup.v1';
export const AGENT_CONNECT_PATH = '/v1/agent/connect';
export const AGENT_PAIR_PATH = '/v1/agent/pair';
export const AGENT_MACHINES_PATH = '/v1/agent/machines';
export const AGENT_LEAVE_PATH = '/v1/agent/leave';
export const MAX_FRAME_BYTES = 64 * 1024;
export const PROTOCOL_VERSION = 1;

/** A raw Ed25519 public key (32 bytes) or signature (64 bytes), standard base64 with padding. */
export const PublicKey = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });
export const Signature = Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$' });
const Nonce = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });

/** What a device signs to connect: this text, UTF-8. The nonce is Space's, the id and host bind it to device and Space. */
export const challengeText = (nonce: string, deviceId: string, spaceHost: string): string =>
  `olares-backup connect v1\n${nonce}\n${deviceId}\n${spaceHost}`;

/** `POST {space}/v1/agent/pair`, JSON; answers with the envelope of the other calls and PairAnswer as its data. */
export const PairRequest = closed({
  code: Type.String({ minLength: 6, maxLength: 40 }),
  devicePublicKey: PublicKey,
  machine: Type.String({ maxLength: 100 }),
  agentVersion: Type.String({ maxLength: 40 }),
});
export type PairRequest = Static<typeof PairRequest>;

export const CommandKey = closed({ id: Type.String({ minLength: 1, maxLength: 64 }), publicKey: PublicKey });
export type CommandKey = Static<typeof CommandKey>;
/** Names and tokens as they are shown or sent on: without control characters and marks that turn the direction. */
const plainText = (maxLength: number) =>
  Type.String({
    maxLength,
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]*$',
  });
export const PairAnswer = Type.Object({
  deviceId: Uuid,
  userid: plainText(200),
  token: plainText(4096),
  /** Milliseconds since 1970. */
  expired: Type.Integer(),
  olaresName: Type.Optional(plainText(200)),
  clusterId: plainText(200),
  /** Keys that sign commands; both are pinned. */
  commandKeys: Type.Object({ current: CommandKey, next: CommandKey }),
  /** Host (with port) of a storage endpoint other than the Space's own, to pin. */
  storageHost: Type.Optional(plainText(260)),
});
export type PairAnswer = Static<typeof PairAnswer>;

/**
 * `POST {space}/v1/agent/machines`, a form with `userid` and `token`: the account's other machines that were not revoked.
 * `POST {space}/v1/agent/leave`, the same form: the machine of this token is revoked; no data.
 */
export const MachinesAnswer = Type.Object({
  machines: Type.Array(
    Type.Object({
      machine: plainText(200),
      /** Its WebSocket stands now. */
      online: Type.Boolean(),
      /** Plans at this Space that it runs, as it told last. */
      plans: Type.Array(Type.String({ maxLength: 100 })),
    }),
    { maxItems: 10_000 },
  ),
});
export type MachinesAnswer = Static<typeof MachinesAnswer>;

export const HelloFrame = closed({
  type: Type.Literal('hello'),
  protocol: closed({ min: Type.Integer(), max: Type.Integer() }),
  device: Uuid,
  /** Over {@link challengeText}. */
  signature: Signature,
  agentVersion: Type.String({ maxLength: 40 }),
  /** Number of the agent's newest event. */
  lastSeq: Type.Integer({ minimum: 0 }),
});
/** Durable: in order, at least once; Space ignores numbers it has. Numbers may skip events that are not for Space. */
export const EventFrame = closed({
  type: Type.Literal('event'),
  seq: Type.Integer({ minimum: 1 }),
  at: EpochMs,
  kind: Type.String({ maxLength: 64 }),
  body: Type.Record(Type.String(), Type.Unknown()),
});
export const ProgressFrame = closed({
  type: Type.Literal('progress'),
  jobId: Uuid,
  body: Type.Record(Type.String(), Type.Unknown()),
});
export const RESULT_STATUSES = ['received', 'waiting', 'done', 'refused', 'failed', 'expired'] as const;
export type ResultStatus = (typeof RESULT_STATUSES)[number];
export const ResultFrame = closed({
  type: Type.Literal('result'),
  commandId: Uuid,
  status: Type.Enum(RESULT_STATUSES),
  /** Error code when refused or failed. */
  code: Type.Optional(Type.String({ maxLength: 64 })),
  /** What a person at the machine answers with, so that Space can show what to type. */
  requestCode: Type.Optional(Type.String({ maxLength: 16 })),
  /** In the words of the person who declined it. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
});
/** agent → Space */
export const AgentFrame = Type.Union([HelloFrame, EventFrame, ProgressFrame, ResultFrame]);
export type AgentFrame = Static<typeof AgentFrame>;

export const ChallengeFrame = Type.Object({ type: Type.Literal('challenge'), nonce: Nonce });
export const WelcomeFrame = Type.Object({
  type: Type.Literal('welcome'),
  protocol: Type.Integer(),
  serverTime: EpochMs,
  heartbeatSec: Type.Integer({ minimum: 5, maximum: 300 }),
  /** Newest event number Space has of this device; the agent goes on after it. */
  ackedSeq: Type.Integer({ minimum: 0 }),
});
export const REJECT_CODES = [
  'revoked',
  'unknown_device',
  'bad_signature',
  'protocol',
  'busy',
  'replaced',
] as const;
export const RejectFrame = Type.Object({
  type: Type.Literal('reject'),
  code: Type.String({ maxLength: 64 }),
  reason: Type.String({ maxLength: 500 }),
  retryAfterSec: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
});
export const AckFrame = Type.Object({ type: Type.Literal('ack'), seq: Type.Integer({ minimum: 1 }) });
/** `payload` is the JSON text of a CommandPayload; the signature is over its UTF-8 bytes exactly as sent. */
export const CommandFrame = closed({
  type: Type.Literal('command'),
  payload: Type.String({ maxLength: 32 * 1024 }),
  keyId: Type.String({ maxLength: 64 }),
  signature: Signature,
});
/** Space → agent */
export const SpaceFrame = Type.Union([ChallengeFrame, WelcomeFrame, RejectFrame, AckFrame, CommandFrame]);
export type SpaceFrame = Static<typeof SpaceFrame>;

const command = <K extends string, P extends Parameters<typeof closed>[0]>(kind: K, params: P) =>
  closed({
    commandId: Uuid,
    deviceId: Uuid,
    /** Rises with every command of this device. */
    seq: Type.Integer({ minimum: 1 }),
    kind: Type.Literal(kind),
    issuedAt: EpochMs,
    /** At most 24 h after issuedAt. */
    expiresAt: EpochMs,
    params: closed(params),
  });

/**
 * The closed list. No command can express a target path, a password, a restic option, an include, a delete, a hook, or
 * a URL outside the pinned repository rule.
 */
export const CommandPayload = Type.Union([
  command('backup.now', { planId: Uuid }),
  command('job.cancel', { jobId: Uuid }),
  command('restore.propose', {
    planId: Type.Optional(Uuid),
    snapshotId: ResticId,
    backupUrl: Type.Optional(Type.String({ maxLength: 8192 })),
    note: Type.String({ maxLength: 500 }),
  }),
  command('restore.cancel', { requestId: Uuid }),
  command('plan.pause', { planId: Uuid }),
  command('plan.resume', { planId: Uuid }),
  command('status.request', {}),
  command('notice', { text: Type.String({ maxLength: 500 }) }),
]);
export type CommandPayload = Static<typeof CommandPayload>;
export type CommandKind = CommandPayload['kind'];
export const COMMAND_KINDS = [
  'backup.now',
  'job.cancel',
  'restore.propose',
  'restore.cancel',
  'plan.pause',
  'plan.resume',
  'status.request',
  'notice',
] as const satisfies readonly CommandKind[];
/** What the local switch says to a class of commands. ask: a person at the machine decides. */
export type RemoteRule = 'allow' | 'ask' | 'never';
export const MAX_COMMAND_LIFE_MS = 24 * 60 * 60 * 1000;
/** Close codes of the socket; the reason text says more. */
export const CLOSE_CODES = { protocol: 4000, flood: 4008, rejected: 4003, replaced: 4009 } as const;
