import { describe, expect, it } from 'vitest';
import { codeOf, jobHref, parseRoute, snapshotHref, snapshotsHref } from './route.ts';

describe('addresses of the page', () => {
  it('reads back what it writes, also with signs that mean something in an address', () => {
    const path = '/home/a b/50% & more?#/ü';
    expect(parseRoute(snapshotHref('id-1', path))).toEqual({ page: 'snapshot', id: 'id-1', path });
    expect(parseRoute(snapshotsHref('p/1'))).toEqual({ page: 'snapshots', plan: 'p/1' });
    expect(parseRoute(jobHref('j/1'))).toEqual({ page: 'job', id: 'j/1' });
  });

  it('knows its pages and says of others that it does not', () => {
    expect(
      ['', '#', '#/', '#/jobs', '#/jobs/', '#/snapshots', '#/x', '#/jobs/a/b', '#/%zz'].map(
        (hash) => parseRoute(hash).page,
      ),
    ).toEqual(['home', 'home', 'home', 'jobs', 'jobs', 'snapshots', 'unknown', 'unknown', 'unknown']);
  });

  it('takes the code out of the address', () => {
    expect([codeOf('#code=ab-1_'), codeOf('#/jobs'), codeOf('')]).toEqual(['ab-1_', undefined, undefined]);
  });
});
