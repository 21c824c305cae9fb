import { expect, it } from 'vitest';
import { clearTextDoubt } from './clear-text.ts';

it('tells of a password that everybody on the network can read', () => {
  expect(clearTextDoubt({ address: 'rest:http://nas.lan:8000/ann/' })).toMatchObject({
    message: expect.stringContaining('nas.lan goes over the network in clear'),
  });
});

it.each([
  'rest:https://nas.lan:8000/ann/',
  'rest:http://127.0.0.1:8000/',
  'rest:http://[::1]:8000/',
  's3:http://nas.lan:9000/bucket',
  'sftp:ann@nas.lan:/x',
  '/mnt/rest:http:',
])('says nothing of %s', (address) => {
  expect(clearTextDoubt({ address })).toBeUndefined();
});
