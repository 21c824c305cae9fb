import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

/** DER header of an Ed25519 SubjectPublicKeyInfo; the raw 32 bytes follow. */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

export interface KeyPair {
  /** Raw public key, standard base64. */
  readonly publicKey: string;
  readonly privatePem: string;
}

export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_HEADER.length);
  return {
    publicKey: raw.toString('base64'),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** @returns the signature over the text's UTF-8 bytes, standard base64 */
export const signText = (text: string, privatePem: string): string =>
  sign(null, Buffer.from(text), createPrivateKey(privatePem)).toString('base64');

/** False also for a key that is none. */
export function verifyText(text: string, signature: string, publicKey: string): boolean {
  try {
    const der = Buffer.concat([SPKI_HEADER, Buffer.from(publicKey, 'base64')]);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
  } catch {
    // 32 bytes that are no point of the curve make OpenSSL throw; to the caller that is a signature that does not fit.
    return false;
  }
}
