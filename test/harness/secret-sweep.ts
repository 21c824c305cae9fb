import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findSecrets, needlesOf, type Canary, type Needle } from './secret-forms.ts';

const SAMPLER = fileURLToPath(new URL('process-sampler.mjs', import.meta.url));

export interface SampleReport {
  readonly findings: string[];
  /** How often all processes were looked at. */
  readonly rounds: number;
  readonly processes: number;
}

export interface ProcessSampler {
  /** From now on these are looked for. */
  lookFor(canaries: readonly Canary[]): void;
  stop(): Promise<SampleReport>;
}

/** Watches arguments and environments of every process of this machine. */
export async function sampleProcesses(canaries: readonly Canary[]): Promise<ProcessSampler> {
  const child = spawn(process.execPath, [SAMPLER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const findings: string[] = [];
  let totals = { rounds: 0, processes: 0 };
  const lines = createInterface({ input: child.stdout });
  const closed = once(lines, 'close');
  const ready = once(lines, 'line');
  lines.on('line', (line) => {
    const said = JSON.parse(line) as Record<string, string | number>;
    if ('rounds' in said) totals = said as unknown as typeof totals;
    if ('name' in said)
      findings.push(`${said['file']} of ${said['pid']}: ${said['name']} as ${said['form']}`);
  });
  const lookFor = (wanted: readonly Canary[]): void =>
    void child.stdin.write(`${JSON.stringify(needlesOf(wanted).map(asLine))}\n`);
  await ready;
  lookFor(canaries);
  return {
    lookFor,
    async stop() {
      child.stdin.end();
      await closed;
      return { findings, ...totals };
    },
  };
}

const asLine = ({ bytes, ...rest }: Needle): object => ({ ...rest, bytes: bytes.toString('base64') });

/**
 * Looks into every file below a directory.
 * @param allowed where a secret may be: path from the directory on
 */
export function sweepFiles(
  dir: string,
  canaries: readonly Canary[],
  allowed: readonly string[] = [],
): string[] {
  const needles = needlesOf(canaries);
  return filesBelow(dir)
    .map((path) => relative(dir, path))
    .filter((path) => !allowed.includes(path))
    .flatMap((path) => [
      ...findSecrets(Buffer.from(path), needles).map((what) => `name ${path}: ${what}`),
      ...findSecrets(contentOf(join(dir, path)), needles).map((what) => `${path}: ${what}`),
    ]);
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // Files of a running agent come and go.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
