import type { IncomingMessage } from 'node:http';
import { WIRE_PATHS } from '../../contract/index.ts';
import type { Fault } from './fault-actions.ts';

/** What an agent uses a Space for. */
export const TARGETS = [
  'STS',
  'STS refresh',
  'usage',
  'save',
  'snapshot save',
  'storage PUT',
  'storage GET',
  'WebSocket',
] as const;
export type Target = (typeof TARGETS)[number];

export function targetOf({ method, url = '' }: IncomingMessage): Target | undefined {
  const path = url.split('?')[0] ?? '';
  const named = CALLS[path];
  if (named) return named;
  if (method === 'PUT') return 'storage PUT';
  return method === 'GET' || method === 'HEAD' ? 'storage GET' : undefined;
}

export const STS_PATHS: ReadonlySet<string> = new Set([WIRE_PATHS.stsToken, WIRE_PATHS.stsRefresh]);
/** The calls that carry the account's token. */
const BY_TOKEN: ReadonlySet<Target | undefined> = new Set(['STS', 'usage', 'save']);
export const isStorage = (target: Target): boolean => target.startsWith('storage');

const CALLS: Partial<Record<string, Target>> = {
  [WIRE_PATHS.stsToken]: 'STS',
  [WIRE_PATHS.stsRefresh]: 'STS refresh',
  [WIRE_PATHS.usage]: 'usage',
  [WIRE_PATHS.backupSave]: 'save',
  [WIRE_PATHS.snapshotSave]: 'snapshot save',
};

/** A certificate is met before any call; a token that has ended by the first call that carries it. */
export function meets(
  { fault, target }: { fault: Fault; target: Target },
  called: Target | undefined,
): boolean {
  if (fault === 'wrong certificate') return false;
  return target === called || (fault === 'expired token' && BY_TOKEN.has(target) && BY_TOKEN.has(called));
}
