import type { FastifyInstance } from 'fastify';
import { cleanText } from '../../contract/text.ts';
import { AGENT_LEAVE_PATH, AGENT_MACHINES_PATH, type MachinesAnswer } from '../../contract/space/protocol.ts';
import type { Envelope } from '../../contract/space/wire.ts';
import { envelopeOf, ok, signInAgain } from '../api/envelope.ts';
import { readFields } from '../api/forms.ts';
import type { SpaceFaults } from '../faults.ts';
import type { Identity } from '../state/accounts.ts';
import type { State } from '../state/state.ts';

export interface MachinesOptions {
  readonly state: State;
  readonly faults: SpaceFaults | undefined;
  readonly isLive: (deviceId: string) => boolean;
  readonly revoke: (deviceId: string) => void;
}

const BODY_LIMIT = 16 * 1024;
const FIELDS = ['userid', 'token'];

/** What a machine asks before it takes another's place, and how it gives up its own. */
export function addMachineRoutes(app: FastifyInstance, options: MachinesOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const route = (path: string, name: string, answer: (identity: Identity) => Envelope): void => {
    app.post(path, { bodyLimit: BODY_LIMIT }, async ({ body, headers }) => {
      options.faults?.note(`call:${name}`, {});
      try {
        const text = typeof body === 'string' ? body : '';
        const { userid = '', token = '' } = readFields(text, headers['content-type'] ?? '', FIELDS);
        const identity = options.state.accounts.identify(userid, token);
        return identity ? answer(identity) : signInAgain();
      } catch (error) {
        return envelopeOf(error);
      }
    });
  };
  route(AGENT_MACHINES_PATH, 'machines', (identity) => ok(otherMachines(options, identity)));
  route(AGENT_LEAVE_PATH, 'leave', ({ deviceId }) => {
    if (deviceId !== undefined) options.revoke(deviceId);
    return ok();
  });
}

function otherMachines({ state, isLive }: MachinesOptions, { account, deviceId }: Identity): MachinesAnswer {
  const others = state.devices
    .list(account.id)
    .filter(({ id, revokedAt }) => id !== deviceId && revokedAt === null);
  return {
    machines: others.map(({ id, machine }) => ({
      machine: cleanText(machine, 100),
      online: isLive(id),
      plans: state.events.mirrored(id, 'plan').map(({ item }) => item),
    })),
  };
}
