/** Time as a parameter, so that tests can own it. */
export interface Clock {
  /** Wall time, milliseconds since 1970 UTC. May jump. */
  now(): number;
  /** Milliseconds since some start; never jumps. For intervals. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
