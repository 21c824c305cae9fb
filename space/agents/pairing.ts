import type { FastifyInstance } from 'fastify';
import { AppError } from '../../contract/errors.ts';
import { parser } from '../../contract/schema.ts';
import { AGENT_PAIR_PATH, PairRequest, type PairAnswer } from '../../contract/space/protocol.ts';
import type { Envelope } from '../../contract/space/wire.ts';
import { envelopeOf, ok, OWN_CODES, refusal } from '../api/envelope.ts';
import type { SpaceFaults } from '../faults.ts';
import type { Clock } from '../ids.ts';
import type { Log } from '../log.ts';
import type { State } from '../state/state.ts';

export interface PairingOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: SpaceFaults | undefined;
  readonly changed: () => void;
  /** For machines to pin; undefined where the storage is on this Space's host, or the vendor's. */
  readonly storageHost: () => string | undefined;
}

const BODY_LIMIT = 16 * 1024;
/** Guesses at codes that do not exist, for all callers together: pairing is rare and done by hand. */
const MAX_MISSES = 20;
const MISSES_WINDOW_MS = 60_000;
const REFUSALS = {
  unknown: 'this pairing code is not right',
  used: 'this pairing code was used before',
  expired: 'this pairing code has expired',
  locked: 'this pairing code is locked after five wrong tries',
} as const;
const NEW_CODE_HINT = 'make a new one on the console or with `olares-space pairing-code`';

const requestParser = parser(PairRequest);

/** `POST /v1/agent/pair`: a code becomes a device with a key of its own, once. */
export function addPairingRoute(app: FastifyInstance, options: PairingOptions): void {
  const misses = new MissCounter(options.clock);
  app.post(AGENT_PAIR_PATH, { bodyLimit: BODY_LIMIT }, async (request) => {
    options.faults?.note('call:pair', request.body);
    if (misses.isFull()) return refusal(OWN_CODES.tooMany, 'too many wrong pairing codes; wait a minute');
    const answer = pair(request.body, options);
    if (answer.code === OWN_CODES.refused) misses.add();
    return answer;
  });
}

function pair(body: unknown, { state, log, changed, storageHost }: PairingOptions): Envelope {
  try {
    const request = requestParser.parse(body, 'pairing request');
    const answer = state.db.transaction(() => redeem(state, request)).immediate();
    if ('refused' in answer)
      return refusal(OWN_CODES.refused, `${REFUSALS[answer.refused]}; ${NEW_CODE_HINT}`);
    log('info', 'a machine was paired', { deviceId: answer.deviceId });
    changed();
    const host = storageHost();
    return ok(host === undefined ? answer : { ...answer, storageHost: host });
  } catch (error) {
    const answer = envelopeOf(error);
    if (answer.code >= 500) log('error', 'pairing failed', { error });
    return answer;
  }
}

function redeem(state: State, request: PairRequest): PairAnswer | { refused: keyof typeof REFUSALS } {
  const outcome = state.pairingCodes.redeem(request.code);
  if ('refused' in outcome) return outcome;
  const account = state.accounts.byId(outcome.accountId);
  if (!account) throw new AppError('integrity', 'the account of this pairing code is gone');
  const commandKeys = state.commandKeys.published();
  const { devicePublicKey: publicKey, machine, agentVersion } = request;
  const pinnedKeys = [commandKeys.current.id, commandKeys.next.id];
  const deviceId = state.devices.add({ accountId: account.id, publicKey, machine, agentVersion, pinnedKeys });
  const { token, expiresAt } = state.accounts.issueToken(account.id, deviceId);
  return {
    deviceId,
    userid: account.userid,
    token,
    expired: expiresAt,
    olaresName: account.olaresName,
    clusterId: account.clusterId,
    commandKeys,
  };
}

class MissCounter {
  readonly #clock: Clock;
  #windowStart = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isFull(): boolean {
    if (Math.abs(this.#clock() - this.#windowStart) > MISSES_WINDOW_MS) {
      this.#windowStart = this.#clock();
      this.#count = 0;
    }
    return this.#count >= MAX_MISSES;
  }

  add(): void {
    this.#count += 1;
  }
}
