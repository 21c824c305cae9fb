import { describe, expect, it } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { accessOf, readStsAnswer, repositoryAddress, type StsContext } from './sts-answer.ts';

const NOW = 1_800_000_000_000;
const HOUR_S = 3600;
const CONTEXT: StsContext = {
  spaceUrl: 'https://space.example.com',
  storageHost: 'storage.example.com:9000',
  now: NOW,
  clockOffsetMs: 0,
  askedSeconds: HOUR_S,
};
const HONEST = {
  cloud: 'aws',
  bucket: 'olares-backup',
  prefix: 'did:key:z6MkTest-a1b2',
  region: 'us-east-1',
  ak: 'AKIAEXAMPLE',
  sk: 'secret/with+signs=',
  st: 'token',
  expiration: '2027-01-15T09:00:00Z',
};
const PLAN = { name: 'photos', id: '11111111-1111-4111-8111-111111111111' };
type Field = 'cloud' | 'bucket' | 'prefix' | 'region' | 'ak' | 'sk' | 'st' | 'endpoint';

/** What must not pass in any field: other backends, ways up, other shells' words, controls, other lines and hosts. */
const EVERYWHERE = [
  '',
  ' ',
  'a b c d',
  'x/../',
  '../..',
  'rclone:remote',
  'sftp:host:/etc',
  'rest:http://evil.example/',
  '$(id)',
  '`id`',
  'name;id',
  'name|id',
  'name\nHost: evil.example',
  'name\r\n\r\nGET /',
  'name\0name',
  '\u001b[31mred',
  'name\u009b31m',
  'name\u202egnp',
  '%2e%2e%2fetc',
  'name?acl',
  'name#x',
  'user@evil.example',
  '\\\\host\\share',
  'name,name',
  "name'name",
  'name"name',
  '{"name":1}',
  '<script>',
  'name*',
  'ｎａｍｅ',
  'x'.repeat(20_000),
];
const NO_TEXT = [null, 5, true, [], { toString: 'name' }];
const SPECIAL: Readonly<Record<Field, readonly string[]>> = {
  cloud: ['AWS', 'aws ', 'aws\n', 'gcp', 'azure', 's3', 'local', '-o', 'AWS_PROFILE'],
  bucket: [
    'Bucket',
    'ab',
    '-abc',
    'abc-',
    '.abc',
    'ab..cd',
    'a'.repeat(64),
    'name/name',
    'name:name',
    '-o=s3.region',
    'name_name',
  ],
  prefix: [
    'did:key:z6MkTest',
    'did:key:-a1',
    'did:key:z6Mk-',
    'did:key:z6Mk-a1/b',
    '/did:key:z6Mk-a1',
    'did:key:z6/Mk-a1',
    'did:key:z6Mk-a1-b2',
    'DID:key:z6Mk-a1',
    'did:key:z6..Mk-a1',
    '-o did:key:z6Mk-a1',
    'did:key:z6Mk-a1\n',
  ],
  region: [
    'us-east-1.evil.example',
    'US-EAST-1',
    'us_east',
    '-us',
    'us-',
    'u'.repeat(41),
    'us@evil',
    'us-east-1/',
    'us-east-1:80',
    'us-east-1?x',
  ],
  ak: ['abc', 'a'.repeat(513), 'AKIA EXAMPLE', 'AKIA..X', 'AKIA\t'],
  sk: ['abc', 'a'.repeat(513), 'se cret', 'se..cret', 'secret\n'],
  st: ['abc', 'a'.repeat(16_385), 'to ken', 'to..ken', 'token\n'],
  endpoint: [
    'https://evil.example',
    'http://space.example.com',
    'http://storage.example.com:9000',
    'https://storage.example.com',
    'https://space.example.com.evil.example',
    'https://space.example.com@evil.example',
    'https://evil.example#space.example.com',
    'https://evil.example\\@space.example.com',
    'https://space.example.com/path',
    'https://space.example.com?x',
    'https://user:word@space.example.com',
    'https://169.254.169.254',
    'http://169.254.169.254',
    'http://127.0.0.1',
    'http://localhost',
    'http://[::1]',
    'https://[fe80::1]',
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://0',
    'https://2130706433',
    'https://0x7f.1',
    'file:///etc/passwd',
    'ftp://space.example.com',
    'javascript:alert(1)',
    '//space.example.com',
  ],
};
const HOSTILE = Object.entries(SPECIAL).flatMap(([field, special]) =>
  [...EVERYWHERE, ...special, ...NO_TEXT].map((value) => [field as Field, value] as const),
);

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

it('the table has at least 200 values', () => expect(HOSTILE.length).toBeGreaterThanOrEqual(200));

describe('a hostile value of Space reaches neither an address nor an option of restic', () => {
  it.each(HOSTILE.map(([field, value]) => [field, JSON.stringify(value)?.slice(0, 60), value] as const))(
    '%s = %s',
    (field, _shown, value) => {
      const read = (): unknown => readStsAnswer({ ...HONEST, [field]: value }, CONTEXT);
      expect(read).toThrow(AppError);
      const error = caught(read);
      expect(error.code).toBe('refused');
      expect(CONTROLS.test(error.message)).toBe(false);
      expect(error.message.length).toBeLessThan(300);
    },
  );

  it.each(['ak', 'sk', 'st'])('and a malformed %s is a secret that no message repeats', (field) => {
    const error = caught(() => readStsAnswer({ ...HONEST, [field]: 'a secret with spaces' }, CONTEXT));
    expect(error.message).not.toContain('a secret');
  });

  it('and an honest one gives exactly the address and options that are ours', () => {
    const { site } = readStsAnswer(HONEST, CONTEXT);
    const address = repositoryAddress(site, PLAN);
    expect(address).toMatch(
      /^s3:https:\/\/s3\.us-east-1\.amazonaws\.com\/olares-backup\/did:key:z6MkTest-a1b2\/[a-z-]+\/photos-1{8}/,
    );
    expect(accessOf(site, address, undefined).options).toEqual({ 's3.region': 'us-east-1' });
  });

  it.each(['restic_repo', 'options', 'env', 'password', '__proto__', 'constructor'])(
    'a further field %s changes nothing',
    (name) => {
      const data = JSON.parse(
        JSON.stringify(HONEST).replace('{', `{${JSON.stringify(name)}:"rclone:evil",`),
      ) as unknown;
      expect(readStsAnswer(data, CONTEXT)).toEqual(readStsAnswer(HONEST, CONTEXT));
    },
  );
});

describe('an expiry, whatever it says, is no later than what was asked for', () => {
  it.each([
    ['nothing readable', 'soon'],
    ['an empty text', ''],
    ['endless', 1e308],
    ['the year 2099', '2099-01-01T00:00:00Z'],
    ['2099 in seconds', 4_070_908_800],
    ['2099 in milliseconds', '4070908800000'],
    ['a negative one', -1e20],
    ['the year 0', '0000-01-01T00:00:00Z'],
    ['hexadecimal', '0x7fffffffffffffff'],
    ['longer than any number', '9'.repeat(400)],
  ])('%s', (_name, expiration) => {
    const { expiresAt } = readStsAnswer({ ...HONEST, expiration }, CONTEXT).credentials;
    expect(Number.isSafeInteger(expiresAt)).toBe(true);
    expect(expiresAt).toBeGreaterThanOrEqual(0);
    expect(expiresAt).toBeLessThanOrEqual(NOW + HOUR_S * 1000);
  });
});

function caught(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('it did not throw');
}
