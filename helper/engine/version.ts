import { execa } from 'execa';
import type { HelperResultOf } from '../../contract/helper-messages.ts';
import { AppError } from '../../contract/errors.ts';
import { requireJail } from '../restore/jail.ts';
import type { Session } from '../session.ts';
import { cancelled } from './exit-codes.ts';
import { versionMessage } from './messages.ts';
import { assertVersion, findRestic } from './restic-path.ts';

/**
 * Which restic is used. The only place that pays a process for it.
 * @throws AppError `engine_missing` when there is none, or one we know to misbehave
 */
export async function version(session: Session): Promise<HelperResultOf<'version'>> {
  const path = findRestic(session.places);
  const { stdout, failed, timedOut, signal } = await execa(path, ['version', '--json'], {
    env: { PATH: session.places.path },
    extendEnv: false,
    reject: false,
    timeout: 10_000,
    cancelSignal: session.cancel,
  });
  // A restic that had no time to answer is no unfit one.
  if (session.cancel.aborted) throw cancelled();
  if (timedOut || signal) {
    throw new AppError('failed', `${path} did not say its version in time`, {
      hint: 'the machine may be short of memory or very busy',
      retry: 'backoff',
    });
  }
  const found = failed ? undefined : parse(stdout);
  if (!versionMessage.check(found)) {
    throw new AppError('engine_missing', `${path} is no restic we can use`, {
      hint: 'name a restic 0.18.1 or newer, not 0.19.0, by RESTIC_BIN',
    });
  }
  assertVersion(found.version, path);
  return { version: found.version, path, ...jailOf(session) };
}

/** Tried now, so that a person need not learn on the worst day that nothing can be restored here. */
function jailOf(session: Session): Pick<HelperResultOf<'version'>, 'jailPath' | 'jailFault'> {
  try {
    return { jailPath: requireJail(session) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { jailFault: { message: error.message, hint: error.hint ?? '' } };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Older versions of restic know no JSON here.
    return undefined;
  }
}
