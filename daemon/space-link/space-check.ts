import type { Account, DoctorCheck, Link } from '../../contract/index.ts';

export interface SpaceCheckSubject {
  readonly account: Account | undefined;
  readonly link: Link;
  /** Space's clock minus ours, milliseconds. */
  readonly offsetMs: number;
}

/** Temporary storage keys and commands live by the clock; beyond this they are refused for no visible reason. */
const LARGEST_OFFSET_MS = 5 * 60 * 1000;

export function spaceCheck({ account, link, offsetMs }: SpaceCheckSubject): DoctorCheck {
  const name = 'Space';
  if (!account)
    return { name, level: 'ok', message: 'not signed in; plans with storage of their own need no Space' };
  if (account.state === 'sign-in-again') {
    const hint = `olares-backup login --space ${account.spaceUrl}`;
    return { name, level: 'error', message: `${account.spaceUrl} no longer accepts this sign-in`, hint };
  }
  if (Math.abs(offsetMs) > LARGEST_OFFSET_MS) {
    const minutes = Math.round(Math.abs(offsetMs) / 60_000);
    const message = `the clock of this machine is ${minutes} minutes ${offsetMs > 0 ? 'behind' : 'ahead of'} Space`;
    return { name, level: 'error', message, hint: 'turn on network time: timedatectl set-ntp true' };
  }
  const isGood = link.state === 'live' || link.state === 'http-only';
  const reason = link.reason === undefined ? '' : ` (${link.reason})`;
  const message = `${account.spaceUrl} as ${account.olaresName ?? account.userid}, link ${link.state}${reason}`;
  return { name, level: isGood ? 'ok' : 'warning', message };
}
