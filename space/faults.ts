import type { StorageFaults } from './storage/storage.ts';

/**
 * What happens to a call or frame instead of its ordinary way. Calls: `call:NAME` as it comes in, `answer:NAME` when
 * it was carried out and the answer is about to leave. Frames: `in:TYPE` and `out:TYPE` of the agent socket.
 */
export type FaultAction =
  | { readonly do: 'delay'; readonly ms: number }
  /** Wait until the fault is released or removed. */
  | { readonly do: 'hold' }
  /** Calls: cut the connection. Frames: never arrive. */
  | { readonly do: 'drop' }
  /** Happens twice. */
  | { readonly do: 'duplicate' }
  /** Calls: answered with this status and body. `out:welcome`: a reject frame with this code. */
  | {
      readonly do: 'reject';
      readonly status?: number;
      readonly code?: string | number;
      readonly body?: string;
    }
  /** Calls: answered "sign in again". `out:command`: sent as long expired. */
  | { readonly do: 'expire' }
  /** Frames: the socket is closed with this code. */
  | { readonly do: 'close'; readonly code: number }
  /** `out:command`: sent with a signature that does not fit. */
  | { readonly do: 'corrupt' };

export interface FaultRule {
  /** `call:usage`, `answer:snapshotSave`, `in:event`, `out:command` … or `call:*` and the like. */
  readonly on: string;
  readonly action: FaultAction;
  /** How often it strikes; without it for ever. */
  readonly times?: number;
  /** How many pass before it strikes. */
  readonly after?: number;
}

export interface Fault {
  readonly rule: FaultRule;
  /** How often it struck. */
  readonly hits: number;
  /** Lets go what it holds; it strikes no more. */
  release(): void;
}

interface LiveFault {
  rule: FaultRule;
  hits: number;
  passed: number;
  released: boolean;
  waiting: (() => void)[];
}

const MAX_SEEN = 10_000;

/** Knobs for tests. A Space that was not given this object has none of its code in the way. */
export class SpaceFaults {
  /** Handed to the storage as it is. */
  storage: StorageFaults | undefined;
  readonly #faults: LiveFault[] = [];
  readonly #seen: { at: string; what: unknown }[] = [];

  add(rule: FaultRule): Fault {
    const fault: LiveFault = { rule, hits: 0, passed: 0, released: false, waiting: [] };
    this.#faults.push(fault);
    return {
      rule,
      get hits() {
        return fault.hits;
      },
      release: () => release(fault),
    };
  }

  clear(): void {
    for (const fault of this.#faults.splice(0)) release(fault);
  }

  /** What passed a point, in order; the newest 10,000 are kept. */
  received(at: string): unknown[] {
    return this.#seen.filter((entry) => entry.at === at).map(({ what }) => what);
  }

  /** The action that strikes now, if any. Delays and holds are over when this returns. */
  async strike(at: string, what: unknown): Promise<FaultAction | undefined> {
    this.note(at, what);
    const fault = this.#faults.find((candidate) => matches(candidate, at));
    if (!fault) return undefined;
    fault.hits += 1;
    const { action } = fault.rule;
    if (action.do === 'delay') await new Promise((resolve) => setTimeout(resolve, action.ms));
    if (action.do === 'hold') await new Promise<void>((resolve) => fault.waiting.push(resolve));
    return action;
  }

  note(at: string, what: unknown): void {
    this.#seen.push({ at, what });
    if (this.#seen.length > MAX_SEEN) this.#seen.shift();
  }
}

function matches(fault: LiveFault, at: string): boolean {
  const { on, times = Infinity, after = 0 } = fault.rule;
  const fits = on === at || on === `${at.slice(0, at.indexOf(':'))}:*`;
  if (!fits || fault.released || fault.hits >= times) return false;
  fault.passed += 1;
  return fault.passed > after;
}

function release(fault: LiveFault): void {
  fault.released = true;
  for (const go of fault.waiting.splice(0)) go();
}
