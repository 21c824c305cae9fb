import {
  type CommandFrame,
  CommandPayload,
  MAX_COMMAND_LIFE_MS,
  parser,
  SpaceFrame,
  type CommandKey,
} from '../../contract/index.ts';
import type { Static } from 'typebox';
import { isSignedBy } from './device-key.ts';

const spaceFrame = parser(SpaceFrame);
const commandPayload = parser(CommandPayload);

/** @returns undefined for anything that is no frame of the protocol */
export function readFrame(text: string): SpaceFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return spaceFrame.check(frame) ? frame : undefined;
  } catch {
    // Not JSON: the caller counts it.
    return undefined;
  }
}

export type CommandVerdict =
  | { readonly ok: true; readonly command: CommandPayload }
  /** `commandId` only where the payload was signed and can thus be answered. */
  | { readonly ok: false; readonly why: string; readonly commandId?: string; readonly expired?: boolean };

export interface CommandTrust {
  readonly deviceId: string;
  readonly keys: readonly CommandKey[];
  /** Space's time now. */
  readonly spaceNow: number;
}

/** Clocks of Space and machine may differ by this much after the measured difference is taken away. */
const CLOCK_SLACK_MS = 5 * 60 * 1000;

/** Verifies before it parses: unsigned text is never looked into. */
export function readCommand(frame: Static<typeof CommandFrame>, trust: CommandTrust): CommandVerdict {
  const key = trust.keys.find((candidate) => candidate.id === frame.keyId);
  if (!key) return { ok: false, why: 'unknown_key' };
  if (!isSignedBy(key.publicKey, frame.payload, frame.signature)) return { ok: false, why: 'bad_signature' };
  let payload: unknown;
  try {
    payload = JSON.parse(frame.payload);
  } catch {
    return { ok: false, why: 'not_json' };
  }
  if (!commandPayload.check(payload)) return { ok: false, why: 'unknown_command', ...idOf(payload) };
  return checkBounds(payload, trust);
}

function checkBounds(command: CommandPayload, trust: CommandTrust): CommandVerdict {
  const { commandId } = command;
  if (command.deviceId !== trust.deviceId) return { ok: false, why: 'other_device' };
  if (command.expiresAt - command.issuedAt > MAX_COMMAND_LIFE_MS)
    return { ok: false, why: 'lives_too_long', commandId };
  if (command.issuedAt > trust.spaceNow + CLOCK_SLACK_MS)
    return { ok: false, why: 'from_the_future', commandId };
  if (command.expiresAt <= trust.spaceNow) return { ok: false, why: 'expired', commandId, expired: true };
  return { ok: true, command };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function idOf(payload: unknown): { commandId?: string } {
  const id =
    typeof payload === 'object' && payload !== null
      ? (payload as { commandId?: unknown }).commandId
      : undefined;
  return typeof id === 'string' && UUID.test(id) ? { commandId: id } : {};
}
