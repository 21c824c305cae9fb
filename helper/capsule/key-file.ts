import { createHash } from 'node:crypto';
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../../contract/errors.ts';
import { parser } from '../../contract/schema.ts';

/** Host and user written into our keys: key files can be read by the storage, so they name no machine and no person. */
export const KEY_HOST = 'olares-backup';

/** restic picks N·r·p for half a second and 60 MB; a hostile key file could ask for 20 s and 1 GB. */
const USUAL_COST = 2 ** 15 * 8 * 8;
const LARGEST_COST = USUAL_COST * 16;
const LARGEST_MEMORY_BYTES = 256 * 1024 * 1024;

const KeyFile = Type.Object({
  created: Type.String(),
  username: Type.String(),
  hostname: Type.String(),
  kdf: Type.Literal('scrypt'),
  N: Type.Integer({ minimum: 2 }),
  r: Type.Integer({ minimum: 1 }),
  p: Type.Integer({ minimum: 1 }),
});
export type KeyFile = Static<typeof KeyFile>;
const keyFile = parser(KeyFile);

/**
 * Reads a key file as stored.
 * @throws AppError `integrity` when its content does not match its id, is no key, or would cost far more than usual
 */
export function readKeyFile(id: string, content: Buffer): KeyFile {
  const digest = createHash('sha256').update(content).digest('hex');
  const key = parseJson(content);
  if (digest !== id || !keyFile.check(key)) throw damaged(id, 'its content is not what its name says');
  if (key.N * key.r * key.p > LARGEST_COST || 128 * key.N * key.r > LARGEST_MEMORY_BYTES) {
    throw damaged(id, 'it asks for far more work than any key made by restic');
  }
  return key;
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    // No JSON is no key file either.
    return undefined;
  }
}

const damaged = (id: string, reason: string) =>
  new AppError('integrity', `the key file ${id.slice(0, 8)} is damaged or was changed: ${reason}`, {
    hint: 'no password can be checked with it; adopt the repository again',
  });
