import { AppError, type LimitRule, type PlanLimits } from '../../contract/index.ts';

export interface LimitFlags {
  readonly limitUpload?: string[];
  readonly limitDownload?: string[];
}

const UNITS: Readonly<Record<string, number>> = { K: 1, M: 1024, G: 1024 * 1024 };
const RULE = /^(?:([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)\s+)?(\S+)$/;

/**
 * What `--limit-upload` and `--limit-download` mean; nothing when none is given. `none` alone takes a limit away.
 * @throws AppError `invalid_input` naming the flag and its value
 */
export function parseLimits(flags: LimitFlags): PlanLimits | undefined {
  const upload = flags.limitUpload?.map((text) => ruleOf('--limit-upload', text));
  const download = flags.limitDownload?.map((text) => ruleOf('--limit-download', text));
  if (!upload && !download) return undefined;
  return { ...(upload && { upload: meant(upload) }), ...(download && { download: meant(download) }) };
}

/** A rule that never limits anything, alone, is no rule. */
const meant = (rules: LimitRule[]): LimitRule[] =>
  rules.every(({ kibPerSecond }) => kibPerSecond === undefined) ? [] : rules;

function ruleOf(flag: string, text: string): LimitRule {
  const [, fromHour, fromMinute, toHour, toMinute, rate = ''] = RULE.exec(text.trim()) ?? [];
  const kibPerSecond = rateOf(rate);
  if (kibPerSecond === 'wrong') throw wrong(flag, text);
  const isTimed = fromHour !== undefined && toHour !== undefined;
  return {
    ...(kibPerSecond !== undefined && { kibPerSecond }),
    ...(isTimed && {
      from: `${fromHour.padStart(2, '0')}:${fromMinute}`,
      to: `${toHour.padStart(2, '0')}:${toMinute}`,
    }),
  };
}

/** @returns KiB per second; undefined for `none` */
function rateOf(text: string): number | undefined | 'wrong' {
  if (text === 'none') return undefined;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([KMG])(?:i?B)?(?:\/s)?$/i.exec(text) ?? [];
  const kib = Math.round(Number(number) * (UNITS[unit.toUpperCase()] ?? NaN));
  return kib >= 1 && kib <= 1_000_000_000 ? kib : 'wrong';
}

function wrong(flag: string, text: string): AppError {
  return new AppError('invalid_input', `${flag}: "${text}" is not understood`, {
    field: flag,
    hint: `write bytes per second with K, M or G, with a time of day or without: ${flag} 2M ${flag} "08:00-18:00 500K" ${flag} "22:00-06:00 none"`,
  });
}
