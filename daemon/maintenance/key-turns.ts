import { existsSync } from 'node:fs';
import { AppError, type Plan } from '../../contract/index.ts';

/** One piece of work on the keys of one plan. */
export interface KeyTurn {
  /** Aborted when another terminal begins before a secret was typed here. */
  readonly signal: AbortSignal;
  /** Where its helper waits for the secret. */
  waitsAt(channelPath: string): void;
  /** Must be called at its end, whatever that is. */
  end(): void;
}

interface Running {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  channelPath?: string;
}

/** Lets one terminal at a time work on a plan's keys. One that died without a word does not keep the others out. */
export class KeyTurns {
  readonly #running = new Map<string, Running>();

  /** @throws AppError `conflict` while another terminal's secret is at work */
  async take(plan: Plan): Promise<KeyTurn> {
    const former = this.#running.get(plan.id);
    if (former && isUntouched(former)) {
      former.stop.abort();
      await former.ended;
    }
    if (this.#running.has(plan.id)) {
      throw new AppError('conflict', `the keys of "${plan.name}" are being changed already`, {
        hint: 'finish or leave the other prompt first',
      });
    }
    return this.#begin(plan.id);
  }

  #begin(planId: string): KeyTurn {
    const stop = new AbortController();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const running: Running = { stop, ended };
    this.#running.set(planId, running);
    return {
      signal: stop.signal,
      waitsAt: (channelPath) => void (running.channelPath = channelPath),
      end: () => {
        if (this.#running.get(planId) === running) this.#running.delete(planId);
        end();
      },
    };
  }
}

/** The helper takes its socket away as soon as a terminal is there: from then on keys may be written. */
const isUntouched = ({ channelPath }: Running): boolean =>
  channelPath !== undefined && existsSync(channelPath);
