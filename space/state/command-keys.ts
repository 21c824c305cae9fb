import type { CommandKey } from '../../contract/space/protocol.ts';
import { AppError } from '../../contract/errors.ts';
import { newKeyPair, signText } from '../agents/ed25519.ts';
import type { Random } from '../ids.ts';
import type { Db } from './database.ts';

interface KeyRow {
  readonly id: string;
  readonly publicKey: string;
  readonly privatePem: string;
}

/** The keys that sign commands. A machine pins the newest two when it is paired; the older of them signs. */
export class CommandKeys {
  readonly #db: Db;
  readonly #random: Random;

  constructor(options: { db: Db; random: Random }) {
    this.#db = options.db;
    this.#random = options.random;
    this.#db
      .transaction(() => {
        while (this.#newest(2).length < 2) this.#add();
      })
      .immediate();
  }

  /** What a machine pins when it is paired. */
  published(): { current: CommandKey; next: CommandKey } {
    const [next, current] = this.#newest(2);
    if (!next || !current) throw new AppError('integrity', 'the command keys are gone from the database');
    return { current: publicPart(current), next: publicPart(next) };
  }

  /**
   * Signs with the current key, or the key that took its place for machines that pinned it.
   * @throws AppError `conflict` for a machine that knows neither: it must be paired again
   */
  sign(payload: string, pinnedKeys: readonly string[]): { keyId: string; signature: string } {
    const key = this.#newest(2)
      .toReversed()
      .find(({ id }) => pinnedKeys.includes(id));
    if (!key)
      throw new AppError(
        'conflict',
        'this machine does not know the keys that sign commands now; pair it again',
      );
    return { keyId: key.id, signature: signText(payload, key.privatePem) };
  }

  /**
   * The next key becomes the current one.
   * @throws AppError `conflict` while a machine in use knows only the current one
   */
  rotate(pinnedByMachine: readonly (readonly string[])[]): void {
    const { next } = this.published();
    const left = pinnedByMachine.filter((pinned) => !pinned.includes(next.id)).length;
    if (left > 0) {
      throw new AppError('conflict', `${left} machines do not know the next key yet`, {
        hint: 'pair them again or revoke them first',
      });
    }
    this.#add();
  }

  #newest(count: number): KeyRow[] {
    return this.#db
      .prepare(
        'SELECT id, public_key AS publicKey, private_pem AS privatePem FROM command_keys ORDER BY position DESC LIMIT ?',
      )
      .all(count) as KeyRow[];
  }

  #add(): void {
    const { publicKey, privatePem } = newKeyPair();
    const id = `key-${this.#random(6).toString('hex')}`;
    this.#db
      .prepare('INSERT INTO command_keys SELECT ?, coalesce(max(position), 0) + 1, ?, ? FROM command_keys')
      .run(id, publicKey, privatePem);
  }
}

const publicPart = ({ id, publicKey }: KeyRow): CommandKey => ({ id, publicKey });
