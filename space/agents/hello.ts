import type { Static } from 'typebox';
import {
  challengeText,
  PROTOCOL_VERSION,
  type HelloFrame,
  type REJECT_CODES,
} from '../../contract/space/protocol.ts';
import type { Devices } from '../state/devices.ts';
import { verifyText } from './ed25519.ts';

export type HelloVerdict =
  | { readonly code: (typeof REJECT_CODES)[number]; readonly reason: string }
  | { readonly ok: true };

/** Who may come in: a known device, not revoked, that signed this challenge for this Space. */
export function judgeHello(
  hello: Static<typeof HelloFrame>,
  space: { nonce: string; hosts: readonly string[]; devices: Devices },
): HelloVerdict {
  if (hello.protocol.min > PROTOCOL_VERSION || hello.protocol.max < PROTOCOL_VERSION) {
    return { code: 'protocol', reason: `this Space speaks version ${PROTOCOL_VERSION} only` };
  }
  const device = space.devices.byId(hello.device);
  if (!device)
    return { code: 'unknown_device', reason: 'this Space does not know the device; pair it again' };
  const isSigned = space.hosts.some((host) =>
    verifyText(challengeText(space.nonce, device.id, host), hello.signature, device.publicKey),
  );
  // Before the revocation: only the device itself learns what became of it.
  if (!isSigned)
    return { code: 'bad_signature', reason: 'the signature is not of this device, challenge and host' };
  if (device.revokedAt !== null) return { code: 'revoked', reason: 'this device was revoked; pair it again' };
  return { ok: true };
}
