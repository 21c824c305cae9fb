// Reads needles as one line of JSON on stdin, then looks at the arguments and environments of all processes until
// stdin ends. Prints one line of JSON per finding, and at the end how often it looked. A process of its own: what it
// watches is too short-lived for a busy one.
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PAUSE_MS = 5;
let needles = [];
let rounds = 0;
const processes = new Set();
const found = new Set();

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  needles = JSON.parse(line).map(({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes, 'base64') }));
});
lines.on('close', () => {
  look();
  process.stdout.write(`${JSON.stringify({ rounds, processes: processes.size })}\n`);
  process.exit(0);
});

function look() {
  rounds += 1;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    processes.add(pid);
    for (const file of ['cmdline', 'environ']) lookAt(pid, file);
  }
}

function lookAt(pid, file) {
  let data;
  try {
    data = readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return; // It has ended since.
  }
  for (const { name, form, bytes } of needles) {
    const key = `${pid} ${file} ${name} ${form}`;
    if (!data.includes(bytes) || found.has(key)) continue;
    found.add(key);
    process.stdout.write(`${JSON.stringify({ pid: Number(pid), file, name, form })}\n`);
  }
}

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
const again = () => {
  look();
  setTimeout(again, PAUSE_MS);
};
again();
