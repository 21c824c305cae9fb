import { createCipheriv, createHash, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import * as Type from 'typebox';
import { AppError } from '../../contract/errors.ts';
import { parser } from '../../contract/schema.ts';
import { KEY_HOST, type KeyFile } from '../capsule/key-file.ts';

/**
 * A thousandth of what restic asks for. Its cost makes guessing a password slow; the machine key is 32 random bytes,
 * which nobody guesses at any speed. Paying it would add half a second to every backup and every look.
 */
const LIGHT_COST = { N: 2 ** 10, r: 8, p: 1 } as const;
const SALT_BYTES = 64;
const IV_BYTES = 16;

const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$' });
const MasterKey = parser(Type.Object({ mac: Type.Object({ k: Base64, r: Base64 }), encrypt: Base64 }));

export const isLight = ({ N, r, p }: Pick<KeyFile, 'N' | 'r' | 'p'>): boolean =>
  N * r * p <= LIGHT_COST.N * LIGHT_COST.r * LIGHT_COST.p;

export interface KeyFileContent {
  /** SHA-256 of the content: the name of the file in `keys/`. */
  readonly id: string;
  readonly content: Buffer;
}

/**
 * A key file as restic writes it (its design document, "Keys, Encryption and MAC"), by which the machine's secret opens
 * a repository at once.
 * @param masterKey what `restic cat masterkey` prints
 * @param createdAt epoch milliseconds
 * @throws AppError `integrity` when that is no master key
 */
export async function lightKeyFile(
  masterKey: string,
  { secret, createdAt }: { secret: Buffer; createdAt: number },
): Promise<KeyFileContent> {
  const salt = randomBytes(SALT_BYTES);
  const derived = await promisify<Buffer, Buffer, number, object, Buffer>(scrypt)(
    secret,
    salt,
    64,
    LIGHT_COST,
  );
  const data = await seal(derived, Buffer.from(JSON.stringify(readMasterKey(masterKey))));
  derived.fill(0);
  const file = {
    created: new Date(createdAt).toISOString(),
    username: 'machine',
    hostname: KEY_HOST,
    kdf: 'scrypt',
    ...LIGHT_COST,
    salt: salt.toString('base64'),
    data: data.toString('base64'),
  };
  const content = Buffer.from(JSON.stringify(file));
  return { id: createHash('sha256').update(content).digest('hex'), content };
}

/** Its value never gets into an error. */
function readMasterKey(text: string): unknown {
  const masterKey = parseJson(text);
  if (MasterKey.check(masterKey)) return masterKey;
  throw new AppError('integrity', 'the repository has no readable master key');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words would quote it.
    return undefined;
  }
}

/** restic's sealed box: AES-256-CTR, then Poly1305-AES over the result; both keys in 64 derived bytes. */
async function seal(key: Buffer, plain: Buffer): Promise<Buffer> {
  // Only while a key is written: a helper's start counts in every job.
  const { poly1305 } = await import('@noble/ciphers/_poly1305.js');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-ctr', key.subarray(0, 32), iv);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const [macKey, macSecret] = [key.subarray(32, 48), key.subarray(48, 64)];
  const block = createCipheriv('aes-128-ecb', macKey, null).setAutoPadding(false);
  const once = Buffer.concat([macSecret, block.update(iv), block.final()]);
  return Buffer.concat([iv, sealed, poly1305(sealed, once)]);
}
