import { describe, expect, it } from 'vitest';
import { toErrorBody } from '../../contract/errors.ts';
import { failureOf, type ResticEnd } from './exit-codes.ts';

const end = (more: Partial<ResticEnd>): ResticEnd => ({
  code: 1,
  signal: undefined,
  cancelled: false,
  message: '',
  tail: [],
  ...more,
});

describe('the end of a restic', () => {
  it.each([
    [10, '', 'repository_missing'],
    [12, 'Fatal: wrong password or no key found', 'wrong_password'],
    [130, 'Fatal: unable to save snapshot: context canceled', 'failed'],
    [
      1,
      'Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized',
      'not_signed_in',
    ],
    [1, 'Fatal: unable to open config file: unexpected HTTP response (403): 403 Forbidden', 'refused'],
    [
      1,
      'Fatal: unable to save snapshot: unexpected HTTP response (507): 507 Insufficient Storage',
      'quota_exceeded',
    ],
    [1, 'Fatal: unable to save snapshot: Access Denied.', 'refused'],
    [1, 'Fatal: unable to save snapshot: AccessDenied: quota of 10 GB exceeded', 'quota_exceeded'],
    [1, 'Fatal: unable to save snapshot: write /r/data/72/x-tmp: no space left on device', 'no_space'],
    [1, 'client.PutObject: The provided token has expired. (ExpiredToken)', 'not_signed_in'],
    [1, 'Fatal: Fatal: create repository at /r failed: config file already exists', 'conflict'],
    [1, 'Fatal: failed to find snapshot: no matching ID found for prefix "00000000"', 'not_found'],
    [
      1,
      'could not find snapshot: failed to load snapshot [null]: The specified key does not exist.',
      'not_found',
    ],
    [1, 'failed to load snapshot [null]: open r/snapshots/0a: no such file or directory', 'not_found'],
    [1, 'Fatal: all source directories/files do not exist', 'not_found'],
    [1, 'Fatal: repository contains errors', 'integrity'],
    [1, 'cached file <data/8b6d39a215> is too short\n\tgithub.com/restic/restic/file.go:403', 'integrity'],
    [1, 'open /r/data/8b/8b6d: no such file or directory\nReadFull(<data/8b6d39a215>)', 'integrity'],
    [1, 'Load(<data/8b6d39a215>, 0, 0) failed: The specified key does not exist.', 'integrity'],
    [1, 'Load(<data/8b6d39a215>, 0, 0) failed: dial tcp: connection refused', 'unreachable'],
    [1, 'dial tcp 127.0.0.1:1: connect: connection refused', 'unreachable'],
    [1, 'Fatal: something nobody has seen', 'failed'],
    [77, 'a code nobody has seen', 'failed'],
  ])('with exit code %i and "%s" is %s', (code, message, expected) => {
    expect(failureOf(end({ code, message })).code).toBe(expected);
  });

  it('names who holds the lock, and since when', () => {
    const message =
      'unable to create lock in backend: repository is already locked by PID 20663 on vm by root (UID 0, GID 0)\nlock was created at 2026-11-20 15:23:57 (7.314231654s ago)\nstorage ID d3f31085';
    const error = failureOf(end({ code: 11, message }));
    expect(error).toMatchObject({ code: 'repository_locked', retry: 'backoff' });
    expect(error.message).toBe(
      'the repository is locked by process 20663 on vm since 2026-11-20 15:23:57 (7s)',
    );
  });

  it('shows control characters of a hostile lock as marks', () => {
    const error = failureOf(end({ code: 11, message: 'already locked by PID 1 on \u001b]0;x by root' }));
    expect(error.message).not.toContain('\u001b');
  });

  it('is a cancel when we asked for it, whatever it says', () => {
    expect(failureOf(end({ code: 1, cancelled: true, message: '403 Forbidden' })).code).toBe('cancelled');
  });

  it('believes the last word more than faults it got over', () => {
    const tail = ['Save(<data/1>) returned error, retrying after 1s: connection refused'];
    expect(failureOf(end({ message: 'Fatal: no space left on device', tail })).code).toBe('no_space');
  });

  it('never shows what restic printed', () => {
    const body = JSON.stringify(
      toErrorBody(failureOf(end({ message: '{"message_type":"exit_error"} goroutine 1' }))),
    );
    expect(body).not.toMatch(/message_type|goroutine/);
  });
});
