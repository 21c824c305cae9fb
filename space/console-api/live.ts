import type { ServerResponse } from 'node:http';

const MAX_VIEWERS = 32;
const MAX_JOBS_PER_DEVICE = 20;
const KEEP_ALIVE_MS = 15_000;
/** A viewer that does not read is let go; its page connects again by itself. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Many changes in a row are one look at the new state. */
const GATHER_MS = 50;

/** The newest progress of each running job; lossy, never stored. */
export class LiveProgress {
  readonly #jobs = new Map<string, Map<string, Record<string, unknown>>>();

  set(deviceId: string, jobId: string, body: Record<string, unknown>): void {
    const jobs = this.#jobs.get(deviceId) ?? new Map<string, Record<string, unknown>>();
    jobs.delete(jobId);
    jobs.set(jobId, { phase: body['phase'], fraction: body['fraction'] });
    const oldest = jobs.keys().next().value;
    if (jobs.size > MAX_JOBS_PER_DEVICE && oldest !== undefined) jobs.delete(oldest);
    this.#jobs.set(deviceId, jobs);
  }

  of(deviceId: string, jobId: string): Record<string, unknown> | undefined {
    return this.#jobs.get(deviceId)?.get(jobId);
  }
}

/** Tells open consoles that there is something new to fetch; the news itself they ask for. */
export class Viewers {
  readonly #open = new Set<ServerResponse>();
  #gathering: NodeJS.Timeout | undefined;
  #keepAlive: NodeJS.Timeout | undefined;

  /** False when there are too many already. */
  add(response: ServerResponse): boolean {
    if (this.#open.size >= MAX_VIEWERS) return false;
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    response.write('retry: 2000\n\nevent: changed\ndata: {}\n\n');
    this.#keepAlive ??= setInterval(() => this.#write(': still here\n\n'), KEEP_ALIVE_MS).unref();
    return true;
  }

  changed(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#write('event: changed\ndata: {}\n\n');
    }, GATHER_MS).unref();
  }

  close(): void {
    clearInterval(this.#keepAlive);
    clearTimeout(this.#gathering);
    for (const response of this.#open) response.end();
  }

  #write(text: string): void {
    for (const response of this.#open) {
      response.write(text);
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    }
  }
}
