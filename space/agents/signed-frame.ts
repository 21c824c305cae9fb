import type { SpaceFrame } from '../../contract/space/protocol.ts';
import type { CommandKeys } from '../state/command-keys.ts';

/** The payload travels as the very text that is signed; nobody serialises it again. */
export function signedFrame(payload: string, keys: CommandKeys, pinnedKeys: readonly string[]): SpaceFrame {
  return { type: 'command', payload, ...keys.sign(payload, pinnedKeys) };
}
