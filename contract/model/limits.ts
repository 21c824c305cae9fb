import * as Type from 'typebox';
import type { Static } from 'typebox';
import { closed } from '../schema.ts';

const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

/**
 * How fast, and when: a rule without times holds whenever no rule with times does. Of several that hold the first
 * counts. `to` is not part of the time; one that is not after `from` is on the next day.
 */
export const LimitRule = closed({
  /** KiB per second; absent: as fast as it goes. */
  kibPerSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
  from: Type.Optional(TimeOfDay),
  to: Type.Optional(TimeOfDay),
});
export type LimitRule = Static<typeof LimitRule>;

const Rules = Type.Array(LimitRule, { maxItems: 24 });

export const PlanLimits = closed({ upload: Type.Optional(Rules), download: Type.Optional(Rules) });
export type PlanLimits = Static<typeof PlanLimits>;

/** Limits of both directions, with the IANA zone whose wall time they mean. */
export const TimedLimits = closed({ zone: Type.String(), upload: Rules, download: Rules });
export type TimedLimits = Static<typeof TimedLimits>;

/** Whether the limit depends on the time of day. */
export const isTimed = (rules: readonly LimitRule[]): boolean => rules.some(({ from }) => from !== undefined);

/** @returns KiB per second at this moment; undefined: as fast as it goes */
export function limitAt(rules: readonly LimitRule[], zone: string, at: number): number | undefined {
  const minute = isTimed(rules) ? minuteOfDay(zone, at) : 0;
  const timed = rules.find(({ from, to }) => isWithin(minute, from, to));
  return (timed ?? rules.find(({ from }) => from === undefined))?.kibPerSecond;
}

/** Each rule, held to a limit that holds at all times. */
export function atMost(rules: readonly LimitRule[], ceiling: number | undefined): LimitRule[] {
  if (ceiling === undefined) return [...rules];
  const held = rules.map((rule) => ({
    ...rule,
    kibPerSecond: Math.min(rule.kibPerSecond ?? ceiling, ceiling),
  }));
  return held.some(({ from }) => from === undefined) ? held : [...held, { kibPerSecond: ceiling }];
}

function isWithin(minute: number, from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || to === undefined) return false;
  const [start, end] = [minutesOf(from), minutesOf(to)];
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

function minutesOf(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(zone: string, at: number): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(zone, format);
  return minutesOf(format.format(at));
}
