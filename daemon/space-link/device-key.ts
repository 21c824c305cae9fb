import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

/** The fixed head of a raw Ed25519 public key in SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export interface NewDeviceKey {
  /** Raw, base64. */
  readonly publicKey: string;
  /** PKCS#8, base64. */
  readonly privateKey: string;
}

export function createDeviceKey(): NewDeviceKey {
  const pair = generateKeyPairSync('ed25519');
  return {
    publicKey: pair.publicKey
      .export({ format: 'der', type: 'spki' })
      .subarray(SPKI_HEAD.length)
      .toString('base64'),
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
}

export function signText(privateKey: string, text: string): string {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  return sign(null, Buffer.from(text, 'utf8'), key).toString('base64');
}

export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text, 'utf8'), rawPublicKey(publicKey), Buffer.from(signature, 'base64'));
}

function rawPublicKey(base64: string): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_HEAD, Buffer.from(base64, 'base64')]),
    format: 'der',
    type: 'spki',
  });
}
