import { toErrorBody, AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { offlineJail } from '../capsule/offline-jail.ts';
import { opensKey } from '../capsule/open-capsule.ts';
import { passwordBytes } from '../password.ts';
import { openSecretChannel } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { sweepGrants, writeGrant } from './grant.ts';

type Request = HelperRequestOf<'keycheck'>;

/**
 * Is the typed password one of the plan's keys? Nothing is fetched. A right one leaves a grant for one restore, where
 * the request names one.
 * @throws AppError `integrity` when the capsule cannot be used: that is never called a wrong password
 */
export async function keycheck(request: Request, session: Session): Promise<HelperResultOf<'keycheck'>> {
  sweepGrants(session);
  const channel = await openSecretChannel(session, request.channelPath);
  let correct = false;
  // The daemon hears the result first: what the terminal then asks of it must find the grant known.
  session.afterAnswer(async (error) => {
    const fault = error ?? (correct ? undefined : wrongPassword());
    await channel.answer(fault === undefined ? { ok: true } : { ok: false, error: toErrorBody(fault) });
    channel.close();
  });
  await offlineJail(session);
  session.output.ready();
  const { password, recovery } = await channel.receive();
  const secret = passwordBytes(password ?? recovery);
  try {
    const keyId = await findKey(request, session, secret);
    if (keyId === undefined) return { correct };
    if (request.grant) writeGrant(session, { ...request.grant, keyId });
    correct = true;
    return { correct, keyId };
  } finally {
    secret.fill(0);
  }
}

async function findKey(
  { capsule, keyIds }: Request,
  session: Session,
  secret: Buffer,
): Promise<string | undefined> {
  const config = Buffer.from(capsule.config, 'base64');
  for (const id of keyIds) {
    const key = capsule.keys.find((key) => key.id === id);
    if (!key) throw new AppError('integrity', `the local copy of the keys lacks key ${id.slice(0, 8)}`);
    if (await opensKey(session, { config, id, content: Buffer.from(key.content, 'base64') }, secret))
      return id;
  }
  return undefined;
}

const wrongPassword = () =>
  new AppError('wrong_password', 'the password is wrong', { retry: 'after_action' });
