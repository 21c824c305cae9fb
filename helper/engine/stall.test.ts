import { describe, expect, it } from 'vitest';
import { createQuotaWatch, isRecovered, stallReason } from './stall.ts';

const line = (why: string) => `Save(<data/1>) returned error, retrying after 801.085552ms: ${why}`;

describe('the reason of a stall', () => {
  it.each([
    ['unexpected HTTP response (429): 429 Too Many Requests', 'answers 429: it asks us to slow down'],
    ['unexpected HTTP response (503): 503 Service Unavailable', 'answers 503: it asks us to slow down'],
    ['client.PutObject: Please reduce your request rate.', 'slow down'],
    ['unexpected HTTP response (500): 500 Internal Server Error', 'answers 500: it has a fault of its own'],
    ['client.PutObject: We encountered an internal error, please try again.', 'a fault of its own'],
    [
      'Post "http://:***@127.0.0.1:1/": write: connection reset by peer',
      'the connection to the storage broke',
    ],
    ['dial tcp 10.0.0.1:443: connect: network is unreachable', 'the network is unreachable'],
    ['dial tcp: lookup space.example on 1.1.1.1:53: no such host', 'cannot be found'],
    ['dial tcp 127.0.0.1:1: connect: connection refused', 'refuses connections'],
    [
      'Head "http://h/config": socks connect tcp 127.0.0.1:2->h:1: unknown error host unreachable',
      'the network is unreachable',
    ],
    ['net/http: request timeout', 'the storage does not answer'],
    ['tls: failed to verify certificate: x509: unknown authority', 'certificate'],
    ['client.PutObject: 500 Internal Server Error', 'a fault of its own'],
    ['client.PutObject: oops', 'answers with a fault of its own'],
    ['client.PutObject: Put "https://h/b/x": something new', 'the storage does not answer'],
    ['something nobody has seen', 'the storage does not answer'],
  ])('in "%s" has %s', (why, words) => {
    const reason = stallReason(line(why));
    expect(reason?.words).toContain(words);
    expect(reason).toMatchObject({ words: expect.stringMatching(/; trying again$/), isQuota: false });
  });

  it.each([
    'client.PutObject: Error response code QuotaExceeded.',
    'client.PutObject: Bucket quota exceeded',
    'client.PutObject: Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.',
  ])('in "%s" is the quota', (why) => {
    expect(stallReason(line(why))).toMatchObject({ words: expect.stringContaining('full'), isQuota: true });
  });

  it('is not made of other lines', () => {
    const recovered = 'Save(<data/1>) operation successful after 1 retries';
    expect(stallReason(recovered)).toBeUndefined();
    expect(isRecovered(recovered)).toBe(true);
  });
});

describe('a storage that says quota', () => {
  const QUOTA = line('client.PutObject: Error response code QuotaExceeded.');
  const watched = (...lines: readonly (readonly [number, string])[]): boolean => {
    let now = 0;
    const watch = createQuotaWatch(() => now);
    for (const [at, text] of lines) {
      now = at;
      watch.onText(text);
    }
    return watch.signal.aborted;
  };

  it('for longer than five seconds is full', () => {
    expect(watched([0, QUOTA], [2_000, QUOTA], [6_000, QUOTA])).toBe(true);
  });
  it('once, or twice with minutes between, is not yet', () => {
    expect(watched([0, QUOTA])).toBe(false);
    expect(watched([0, QUOTA], [120_000, QUOTA])).toBe(false);
  });
  it('is not one that is busy', () => {
    expect(watched([0, line('(503): busy')], [60_000, line('(503): busy')])).toBe(false);
  });
});
