import { Temporal } from 'temporal-polyfill';

/** A moment at which a zone's clocks were set. */
export interface Transition {
  readonly at: number;
  /** Milliseconds east of UTC. */
  readonly offsetBefore: number;
  readonly offsetAfter: number;
}

/** Milliseconds east of UTC at this moment. */
export function offsetAt(zone: string, at: number): number {
  return local(zone, at).offsetNanoseconds / 1e6;
}

/** The first transition after this moment. */
export function nextTransition(zone: string, at: number): Transition | undefined {
  return transition(zone, local(zone, at).getTimeZoneTransition('next'));
}

/** The last transition at or before this moment. */
export function lastTransition(zone: string, at: number): Transition | undefined {
  return transition(zone, local(zone, at + 1).getTimeZoneTransition('previous'));
}

const local = (zone: string, at: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);

function transition(zone: string, found: Temporal.ZonedDateTime | null): Transition | undefined {
  if (!found) return undefined;
  const at = found.epochMilliseconds;
  return { at, offsetBefore: offsetAt(zone, at - 1), offsetAfter: offsetAt(zone, at) };
}
