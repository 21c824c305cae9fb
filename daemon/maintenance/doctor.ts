import { constants, existsSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorBody, type DoctorCheck } from '../../contract/index.ts';
import type { MaintenanceEngine } from './maintenance-ports.ts';

const LOW_DISK_BYTES = 1024 ** 3;
const BWRAP_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
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
    async () => [await engineCheck(options.engine)],
    async () => [await jailCheck()],
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

async function engineCheck(engine: MaintenanceEngine): Promise<DoctorCheck> {
  try {
    const { version, path } = await engine.run({ verb: 'version' });
    return { name: 'restic', level: 'ok', message: `restic ${version} at ${path}` };
  } catch (error) {
    return { ...failedCheck(error), name: 'restic' };
  }
}

async function jailCheck(): Promise<DoctorCheck> {
  for (const path of BWRAP_PLACES) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return { name: 'bubblewrap', level: 'ok', message: path };
  }
  return {
    name: 'bubblewrap',
    level: 'warning',
    message: 'bubblewrap is not installed: restores run without their jail',
    hint: 'apt-get install bubblewrap',
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
