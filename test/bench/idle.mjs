// What the agent costs while nothing happens, and how fast it answers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { startProgram } from '../../scripts/start/processes.mjs';

/** Milliseconds from spawn to the ready line, on a new state directory each. */
export async function measureReady({ root, dir, runs }) {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const args = ['--state-dir', mkdtempSync(join(dir, 'ready-')), '--http', '127.0.0.1:0'];
    const start = performance.now();
    const daemon = await startProgram({ root, name: 'olares-backupd', args });
    times.push(performance.now() - start);
    await daemon.stop();
  }
  return times;
}

/** Resident memory in MiB after `seconds` of rest, and the share of one processor used meanwhile, in per cent. */
export async function measureIdle(pid, seconds) {
  const ticksBefore = cpuTicks(pid);
  await after(seconds * 1000);
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const busySeconds = (cpuTicks(pid) - ticksBefore) / ticksPerSecond;
  return { rssMiB: residentMiB(pid), cpuPercent: (busySeconds / seconds) * 100 };
}

export function residentMiB(pid) {
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

/** User and system time: fields 14 and 15, counted after the name, which may hold anything. */
function cpuTicks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
