import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKeysFile } from './keys-file.ts';
import { readClusterSettings } from './settings.ts';

const ROLE = 'arn:aws:iam::123456789012:role/olares';
const right = {
  's3-endpoint': 'https://s3.eu-central-1.amazonaws.com',
  's3-region': 'eu-central-1',
  's3-bucket': 'my-space',
  's3-role-arn': ROLE,
  's3-credentials-file': '/etc/keys',
};

describe('settings of a cluster', () => {
  it('know where AWS answers AssumeRole, and that others answer it on the S3 address', () => {
    expect(readClusterSettings(right)).toEqual({
      cloud: 'aws',
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      stsEndpoint: 'https://sts.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
      bucket: 'my-space',
      roleArn: ROLE,
      credentialsFile: '/etc/keys',
      sessionSeconds: 3_600,
    });
    const minio = { ...right, 's3-endpoint': 'https://minio.example.com:9000/', 's3-role-arn': undefined };
    expect(readClusterSettings(minio)).toMatchObject({
      endpoint: 'https://minio.example.com:9000',
      stsEndpoint: 'https://minio.example.com:9000',
      roleArn: undefined,
    });
    const china = {
      ...right,
      's3-endpoint': 'https://s3.cn-north-1.amazonaws.com.cn',
      's3-region': 'cn-north-1',
    };
    expect(readClusterSettings(china).stsEndpoint).toBe('https://sts.cn-north-1.amazonaws.com.cn');
  });

  it.each([
    [{ 's3-endpoint': undefined }, '--s3-endpoint is missing'],
    [{ 's3-endpoint': 's3.example.com' }, '--s3-endpoint is "s3.example.com"'],
    [{ 's3-endpoint': 'http://s3.example.com' }, 'cannot be used'],
    [{ 's3-endpoint': 'https://me:secret@s3.example.com' }, '--s3-endpoint is "s3.example.com"'],
    [{ 's3-endpoint': 'https://s3.example.com/bucket' }, '--s3-endpoint'],
    [{ 's3-endpoint': 'ftp://s3.example.com' }, '--s3-endpoint'],
    [{ 's3-sts-endpoint': 'sts' }, '--s3-sts-endpoint is "sts"'],
    [{ 's3-region': 'EU Central' }, '--s3-region is "EU Central"'],
    [{ 's3-region': undefined }, '--s3-region is missing'],
    [{ 's3-bucket': 'A_B' }, '--s3-bucket is "A_B"'],
    [{ 's3-bucket': 'a..b' }, '--s3-bucket is "a..b"'],
    [{ 's3-role-arn': undefined }, '--s3-role-arn is missing'],
    [{ 's3-role-arn': 'olares' }, '--s3-role-arn is "olares"'],
    [{ 's3-credentials-file': undefined }, '--s3-credentials-file is missing'],
    [{ 's3-cloud': 'azure' }, '--s3-cloud is "azure"'],
    [{ 's3-cloud': 'tencentcloud' }, '--s3-sts-endpoint is missing'],
    [{ 's3-session-seconds': '60' }, '--s3-session-seconds is "60"'],
    [{ 's3-session-seconds': '1h' }, '--s3-session-seconds is "1h"'],
  ])('refuse %j', (change, message) => {
    expect(() => readClusterSettings({ ...right, ...change })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        code: 'invalid_input',
        hint: expect.stringMatching(/\w/),
      }),
    );
  });
});

describe('the file of keys', () => {
  let dir: string;
  let file: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'space-keys-'));
    file = path.join(dir, 'keys');
  });
  afterAll(() => rm(dir, { recursive: true }));

  const write = (text: string) => writeFile(file, text, { mode: 0o600 });

  it('is read with and without sections, with blanks and line ends of any kind', async () => {
    await write('aws_access_key_id=AKIA\r\naws_secret_access_key = a/b+c=\r\n');
    expect(await readKeysFile(file)).toEqual({ accessKeyId: 'AKIA', secretAccessKey: 'a/b+c=' });
    await write(
      '[other]\naws_access_key_id=NO\n[ default ]\naws_access_key_id=YES\naws_secret_access_key=x\n# end',
    );
    expect(await readKeysFile(file)).toEqual({ accessKeyId: 'YES', secretAccessKey: 'x' });
  });

  it('is refused when it is missing, empty, a folder or for others to read, without a word of its text', async () => {
    const refusal = (name: string, message: RegExp) =>
      expect(readKeysFile(name)).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(/\w/),
      });
    await refusal(path.join(dir, 'none'), /there is no such file/);
    await refusal(dir, /can be read by others|cannot be read/);
    await write('aws_secret_access_key=TOPSECRET');
    await refusal(file, /^(?!.*TOPSECRET).*holds no keys$/);
    await chmod(file, 0o640);
    await refusal(file, /can be read by others/);
    await chmod(file, 0o600);
  });
});
