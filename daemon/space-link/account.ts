import {
  AGENT_LEAVE_PATH,
  AGENT_PAIR_PATH,
  AppError,
  PairAnswer,
  parser,
  TokenAnswer,
  WIRE_PATHS,
  type Account,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Health } from '../health/health.ts';
import type { Store } from '../store/store.ts';
import { createDeviceKey } from './device-key.ts';
import type { Identity, IdentityFile } from './identity.ts';
import { callSpace, type SpaceAnswer, type SpaceCall } from './space-http.ts';
import {
  accountOf,
  checkedSpaceUrl,
  loginError,
  pairingError,
  tokenIdentity,
  type LoginInput,
} from './sign-in.ts';

export interface SpaceSession {
  identity(): Identity | undefined;
  account(): Account | undefined;
  login(input: LoginInput): Promise<Account>;
  /** Ends here at once, then tells Space that this machine leaves; a Space that does not hear it keeps its entry. */
  logout(): Promise<void>;
  /**
   * A call with the account's `userid` and `token`; a refused token is remembered and not tried again.
   * @throws AppError as {@link callSpace}, and `not_signed_in` when nobody is signed in
   */
  call(
    path: string,
    fields: Record<string, string>,
    options?: Omit<SpaceCall, 'url' | 'form'>,
  ): Promise<SpaceAnswer>;
  /** A call that needs no sign-in: what it carries is proof by itself, and its refusal says nothing about the account. */
  callByKeys(
    path: string,
    fields: Record<string, string>,
    options?: Omit<SpaceCall, 'url' | 'form'>,
  ): Promise<SpaceAnswer>;
  /** @throws AppError `not_signed_in` also when the sign-in is known to be refused */
  requireSignIn(): Identity;
  /** Renews the token when it ends within the hour; a failure is tried at the next call. */
  refreshToken(): Promise<void>;
  /** Space's clock minus ours at the last answer, milliseconds. */
  clockOffsetMs(): number;
  onChanged(listener: () => void): void;
}

export interface SpaceSessionOptions {
  readonly file: IdentityFile;
  readonly store: Pick<Store, 'commit'>;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineName: string;
  readonly version: string;
  readonly callTimeoutMs?: number;
}

const REFRESH_AHEAD_MS = 60 * 60 * 1000;
const CALL_TIMEOUT_MS = 60_000;
const LEAVE_TIMEOUT_MS = 10_000;
const pairAnswer = parser(PairAnswer);
const tokenAnswer = parser(TokenAnswer);

export function createSpaceSession(options: SpaceSessionOptions): SpaceSession {
  return new Session(options);
}

class Session implements SpaceSession {
  readonly #o: SpaceSessionOptions;
  readonly #listeners: (() => void)[] = [];
  #offsetMs = 0;
  #refreshing: Promise<void> | undefined;

  constructor(options: SpaceSessionOptions) {
    this.#o = options;
    this.#tellHealth();
  }

  identity(): Identity | undefined {
    return this.#o.file.get();
  }

  account(): Account | undefined {
    const identity = this.identity();
    return identity && accountOf(identity);
  }

  clockOffsetMs(): number {
    return this.#offsetMs;
  }

  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async login(input: LoginInput): Promise<Account> {
    const spaceUrl = checkedSpaceUrl(input.spaceUrl);
    try {
      const identity =
        input.code === undefined
          ? await this.#proven(tokenIdentity(spaceUrl, input))
          : await this.#pair(spaceUrl, input.code);
      this.#replace(identity);
      return accountOf(identity);
    } catch (error) {
      throw loginError(error);
    }
  }

  async logout(): Promise<void> {
    const identity = this.identity();
    this.#o.file.remove();
    this.#changed(false);
    if (!identity?.device) return;
    const { spaceUrl, userid, token } = identity;
    await this.#http(spaceUrl, AGENT_LEAVE_PATH, { userid, token }, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(
      (error: unknown) => this.#o.log.warn({ err: error }, 'Space was not told that this machine leaves'),
    );
  }

  async call(
    path: string,
    fields: Record<string, string>,
    options: Omit<SpaceCall, 'url' | 'form'> = {},
  ): Promise<SpaceAnswer> {
    const identity = this.requireSignIn();
    try {
      return await this.#http(identity.spaceUrl, path, fields, options);
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_signed_in') this.#tokenRefused(identity);
      throw error;
    }
  }

  async callByKeys(
    path: string,
    fields: Record<string, string>,
    options: Omit<SpaceCall, 'url' | 'form'> = {},
  ): Promise<SpaceAnswer> {
    return await this.#http(this.identity()?.spaceUrl ?? '', path, fields, options);
  }

  async refreshToken(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const identity = this.identity();
    if (!identity || identity.refused || identity.tokenExpiresAt === 0) return;
    if (identity.tokenExpiresAt - this.#o.clock.now() - this.#offsetMs > REFRESH_AHEAD_MS) return;
    const answer = await this.call(WIRE_PATHS.tokenRefresh, {
      userid: identity.userid,
      token: identity.token,
    });
    const fresh = tokenAnswer.parse(answer.data, 'token of Olares Space');
    const current = this.identity();
    if (current?.token !== identity.token) return;
    this.#o.file.set({ ...current, token: fresh.token, tokenExpiresAt: fresh.expired });
  }

  requireSignIn(): Identity {
    const identity = this.identity();
    if (!identity) {
      throw new AppError('not_signed_in', 'this machine is not signed in to a Space', {
        retry: 'after_action',
        hint: 'olares-backup login --space URL --code CODE',
      });
    }
    if (!identity.refused) return identity;
    throw new AppError('not_signed_in', 'Olares Space no longer accepts this sign-in', {
      retry: 'after_action',
      hint: `sign in again: olares-backup login --space ${identity.spaceUrl}`,
    });
  }

  async #http(
    spaceUrl: string,
    path: string,
    form: Record<string, string>,
    options: Omit<SpaceCall, 'url' | 'form'> = {},
  ): Promise<SpaceAnswer> {
    const call = { url: spaceUrl + path, ...options, ...(options.json === undefined ? { form } : {}) };
    const answer = await callSpace(call, {
      now: this.#o.clock.now,
      timeoutMs: this.#o.callTimeoutMs ?? CALL_TIMEOUT_MS,
    });
    this.#offsetMs = answer.clockOffsetMs;
    return answer;
  }

  /** A token is asked for something harmless before it is taken for good. */
  async #proven(identity: Identity): Promise<Identity> {
    const { spaceUrl, userid, token } = identity;
    await this.#http(spaceUrl, WIRE_PATHS.usage, { userid, token });
    return identity;
  }

  async #pair(spaceUrl: string, code: string): Promise<Identity> {
    const key = createDeviceKey();
    const { machineName: machine, version: agentVersion } = this.#o;
    const json = { code: code.trim().toUpperCase(), devicePublicKey: key.publicKey, machine, agentVersion };
    const answer = await this.#http(spaceUrl, AGENT_PAIR_PATH, {}, { json }).catch((error: unknown) => {
      throw pairingError(error);
    });
    const data = pairAnswer.parse(answer.data, 'pairing answer of Olares Space');
    return {
      spaceUrl,
      userid: data.userid,
      token: data.token,
      tokenExpiresAt: data.expired,
      clusterId: data.clusterId,
      ...(data.olaresName === undefined ? {} : { olaresName: data.olaresName }),
      ...(data.storageHost === undefined ? {} : { storageHost: data.storageHost }),
      device: {
        id: data.deviceId,
        privateKey: key.privateKey,
        commandKeys: [data.commandKeys.current, data.commandKeys.next],
      },
    };
  }

  #tokenRefused(identity: Identity): void {
    if (this.identity()?.token !== identity.token) return;
    this.#o.file.set({ ...identity, refused: true });
    this.#changed(true);
  }

  #replace(identity: Identity): void {
    this.#o.file.set(identity);
    this.#changed(true);
  }

  #changed(signedIn: boolean): void {
    this.#o.store.commit((append) => append('account.changed', { signedIn }));
    this.#tellHealth();
    for (const listener of this.#listeners) listener();
  }

  #tellHealth(): void {
    const identity = this.identity();
    if (!identity?.refused) return this.#o.health.clear('sign_in_again');
    this.#o.health.raise({
      code: 'sign_in_again',
      level: 'error',
      message: 'Olares Space no longer accepts this sign-in. Plans are kept; uploads to Space wait.',
      hint: `olares-backup login --space ${identity.spaceUrl}`,
    });
  }
}
