import { existsSync, readFileSync } from 'node:fs';

/** Resident memory of a process, bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Notes the peak of a process's memory until it is disposed of. */
export class MemoryWatch implements Disposable {
  readonly before: number;
  peak: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.before = residentBytes(pid);
    this.peak = this.before;
    this.#timer = setInterval(() => (this.peak = Math.max(this.peak, residentBytes(pid))), 100);
  }

  get grownBytes(): number {
    return this.peak - this.before;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
