import { describe, expect, it } from 'vitest';
import { S3Error, toS3Error } from './error.ts';

describe('toS3Error', () => {
  it.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('makes clients wait when the disk is full (%s)', (code) => {
    expect(toS3Error(Object.assign(new Error('no space left on /secret/path'), { code }))).toMatchObject({
      code: 'ServiceUnavailable',
      status: 503,
    });
  });

  it('tells nothing of a fault of our own', () => {
    const cause = new Error('a detail of /secret/path');
    const answer = toS3Error(cause);
    expect(answer).toMatchObject({ code: 'InternalError', status: 500, cause });
    expect(answer.message).not.toContain('secret');
  });

  it('passes refusals on, with the status of their code', () => {
    expect(toS3Error(new S3Error('NoSuchKey', 'x'))).toMatchObject({ code: 'NoSuchKey', status: 404 });
  });
});
