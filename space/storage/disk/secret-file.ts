import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from './durable.ts';

const SECRET_BYTES = 32;

/**
 * The one secret from which all temporary credentials derive, made at the first start.
 * @throws Error when the file exists but is not ours: overwriting it would end every credential in use
 */
export async function loadSecret(dir: string, random: (bytes: number) => Buffer): Promise<Buffer> {
  const file = path.join(dir, 'credential-secret');
  const secret = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (secret === undefined) {
    const fresh = random(SECRET_BYTES);
    await writeDurably(file, fresh, 0o600);
    return fresh;
  }
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `${file} holds ${secret.length} bytes instead of ${SECRET_BYTES}: put it back from a copy, or remove it (agents then fetch new credentials)`,
    );
  }
  await chmod(file, 0o600);
  return secret;
}
