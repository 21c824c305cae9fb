import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorBody, type DoctorCheck, type HelperResultOf } from '../../contract/index.ts';
import type { MaintenanceEngine } from './maintenance-ports.ts';

const LOW_DISK_BYTES = 1024 ** 3;
const UNIT_PLACES = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

export interface DoctorOptions {
  readonly engine: MaintenanceEngine;
  readonly stateDir: string;
  /** Checks of other parts, e.g. clock and reachability of Space. */
  readonly extraChecks: readonly (() => Promise<DoctorCheck[]>)[];
}

/** Looks at the whole set-up; every finding names its way out. Never throws. */
export function createDoctor(options: DoctorOptions): () => Promise<DoctorCheck[]> {
  const checks = [
    async () => await engineChecks(options.engine),
    async () => [await stateCheck(options.stateDir)],
    async () => [await diskCheck(options.stateDir)],
    async () => unitCheck(),
    ...options.extraChecks,
  ];
  return async () => {
    const results = await Promise.allSettled(checks.map(async (check) => await check()));
    return results.flatMap((result) =>
      result.status === 'fulfilled' ? result.value : [failedCheck(result.reason)],
    );
  };
}

function failedCheck(reason: unknown): DoctorCheck {
  const { message, hint } = toErrorBody(reason);
  return { name: 'check', level: 'error', message, ...(hint !== undefined && { hint }) };
}

/** One look of the helper, since it is the helper that has to find both. */
async function engineChecks(engine: MaintenanceEngine): Promise<DoctorCheck[]> {
  try {
    const found = await engine.run({ verb: 'version' });
    const { version, path } = found;
    return [{ name: 'restic', level: 'ok', message: `restic ${version} at ${path}` }, jailCheck(found)];
  } catch (error) {
    return [{ ...failedCheck(error), name: 'restic' }];
  }
}

function jailCheck({ jailPath, jailFault }: HelperResultOf<'version'>): DoctorCheck {
  const name = 'bubblewrap';
  if (jailPath !== undefined) return { name, level: 'ok', message: jailPath };
  const { message = 'no jail can be made', hint } = jailFault ?? {};
  return {
    name,
    level: 'warning',
    message: `${message}; so nothing is restored here`,
    ...(hint && { hint }),
  };
}

async function stateCheck(stateDir: string): Promise<DoctorCheck> {
  const { mode, uid } = await stat(stateDir);
  const name = 'state directory';
  if ((mode & 0o077) !== 0) {
    return {
      name,
      level: 'error',
      message: `${stateDir} can be read by other users`,
      hint: `chmod 700 ${stateDir}`,
    };
  }
  if (uid !== process.getuid?.()) {
    return {
      name,
      level: 'error',
      message: `${stateDir} belongs to another user (${uid})`,
      hint: 'start the daemon as its owner, or use another --state-dir',
    };
  }
  return { name, level: 'ok', message: stateDir };
}

async function diskCheck(stateDir: string): Promise<DoctorCheck> {
  const { bavail, bsize } = await statfs(stateDir);
  const freeBytes = bavail * bsize;
  const message = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at ${stateDir}`;
  const name = 'disk';
  if (freeBytes >= LOW_DISK_BYTES) return { name, level: 'ok', message };
  return { name, level: 'warning', message, hint: 'free some space: database and cache live there' };
}

function unitCheck(): DoctorCheck[] {
  if (!existsSync('/run/systemd/system')) return [];
  const name = 'service';
  const unit = UNIT_PLACES.map((place) => join(place, 'olares-backupd.service')).find((path) =>
    existsSync(path),
  );
  if (unit) return [{ name, level: 'ok', message: unit }];
  return [
    {
      name,
      level: 'warning',
      message: 'the daemon is not installed as a service and will not start with the machine',
      hint: 'install systemd/olares-backupd.service',
    },
  ];
}
