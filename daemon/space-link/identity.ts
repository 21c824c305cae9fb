import * as Type from 'typebox';
import type { Static } from 'typebox';
import { CommandKey, closed, parser, Uuid } from '../../contract/index.ts';
import { readSecretFile, removeSecretFile, removeUnfinished, writeSecretFile } from '../base/secret-file.ts';

/** Who this machine is to its Space. Holds secrets: it lives in a 0600 file and never in the database or a log. */
const Identity = closed({
  spaceUrl: Type.String(),
  userid: Type.String(),
  olaresName: Type.Optional(Type.String()),
  token: Type.String(),
  /** End of the token's life, milliseconds since 1970; 0 = unknown. */
  tokenExpiresAt: Type.Number(),
  clusterId: Type.String(),
  /** Host of a storage endpoint apart from the Space's own, pinned at pairing. */
  storageHost: Type.Optional(Type.String()),
  /** Only when paired. */
  device: Type.Optional(
    closed({
      id: Uuid,
      /** PKCS#8 in base64. */
      privateKey: Type.String(),
      commandKeys: Type.Array(CommandKey),
    }),
  ),
  /** Space refused the token: nothing is tried until somebody signs in again. */
  refused: Type.Optional(Type.Boolean()),
});
export type Identity = Static<typeof Identity>;

export interface IdentityFile {
  get(): Identity | undefined;
  set(identity: Identity): void;
  remove(): void;
}

const identityParser = parser(Identity);

/**
 * @throws AppError `config_invalid` when the file is readable by others, `invalid_input` when it is not ours
 */
export function openIdentityFile(path: string): IdentityFile {
  removeUnfinished(path);
  const text = readSecretFile(path);
  let current = text === undefined ? undefined : identityParser.parse(JSON.parse(text), path);
  return {
    get: () => current,
    set(identity) {
      writeSecretFile(path, JSON.stringify(identity));
      current = identity;
    },
    remove() {
      removeSecretFile(path);
      current = undefined;
    },
  };
}
