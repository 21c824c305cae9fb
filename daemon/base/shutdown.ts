export interface ShutdownOptions {
  /** Longest time one step may take before the next is begun, milliseconds. */
  readonly stepTimeoutMs: number;
  /** A step that was late or threw; the stop goes on. */
  readonly onTrouble: (step: string, error: unknown) => void;
}

/** Releases what was pushed, newest first, each within its time. */
export class ShutdownStack {
  readonly #options: ShutdownOptions;
  readonly #steps: { name: string; release: () => unknown; timeoutMs: number }[] = [];

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** @param timeoutMs replaces the general limit, for the step that waits for restic */
  push(name: string, release: () => unknown, timeoutMs = this.#options.stepTimeoutMs): void {
    this.#steps.push({ name, release, timeoutMs });
  }

  async release(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await within(step.timeoutMs, Promise.resolve(step.release()));
      } catch (error) {
        this.#options.onTrouble(step.name, error);
      }
    }
  }
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
