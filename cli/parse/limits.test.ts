import { describe, expect, it } from 'vitest';
import { parseLimits } from './limits.ts';

describe('limits', () => {
  it.each<[string[], object[]]>([
    [['2M'], [{ kibPerSecond: 2048 }]],
    [
      ['1.5m', '08:00-18:00 500K'],
      [{ kibPerSecond: 1536 }, { from: '08:00', to: '18:00', kibPerSecond: 500 }],
    ],
    [
      ['1G', '22:00-6:00 none'],
      [{ kibPerSecond: 1048576 }, { from: '22:00', to: '06:00' }],
    ],
    [['none'], []],
  ])('%j is %j', (texts, rules) => {
    expect(parseLimits({ limitUpload: texts })).toEqual({ upload: rules });
  });

  it.each(['', '2', '2T', '0K', '-1M', '8-18 1M', '24:00-01:00 1M', '1M 08:00-09:00'])(
    'is refused by name for "%s"',
    (text) => {
      expect(() => parseLimits({ limitDownload: [text] })).toThrow(
        /^--limit-download: ".*" is not understood/,
      );
    },
  );

  it('are none when nothing was said', () => {
    expect(parseLimits({})).toBeUndefined();
  });
});
