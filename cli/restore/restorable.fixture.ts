import { AppError, type RestoreRequest, type SecretMessage } from '../../contract/index.ts';
import { startFakeDaemon, type FakeDaemon } from '../test-support/fake-daemon.ts';
import {
  JOB_ID,
  restoreResult,
  sampleJob,
  samplePlan,
  samplePreview,
  sampleRequest,
  sampleStatus,
} from '../test-support/samples.ts';

export const RIGHT = 'right horse battery staple';

/** A daemon with one request; the right password begins its restore, which ends well at once. */
export async function startRestorable(request: RestoreRequest = sampleRequest()): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon();
  let hasBegun = false;
  const verdict = ({ password }: SecretMessage) => {
    hasBegun = password === RIGHT;
    return hasBegun ? undefined : new AppError('wrong_password', 'no key fits');
  };
  const channel = await daemon.secretChannel(verdict, 5);
  let tries = 5;
  daemon.answer('getStatus', sampleStatus());
  daemon.answer('listRequests', [request]);
  daemon.answer('getRequest', () => (hasBegun ? { ...request, state: 'restoring', jobId: JOB_ID } : request));
  daemon.answer('createRequest', { ...request, origin: 'user' });
  daemon.answer('openRequest', { ...request, state: 'opened' });
  daemon.answer('declineRequest', { ...request, state: 'declined' });
  daemon.answer('previewRequest', ({ body }) => samplePreview(body as object));
  daemon.answer('verifyRequest', () => ({ ...channel, triesLeft: tries-- }));
  daemon.answer('getJob', sampleJob({ kind: 'restore', state: 'succeeded', result: restoreResult() }));
  daemon.answer('listPlans', [samplePlan()]);
  return daemon;
}
