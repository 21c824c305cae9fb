import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendSmall } from './http-get.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'http-get-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server whose certificate signs itself. */
function overTls(host: string, days: string) {
  const [key, request, cert] = ['key', 'csr', 'pem'].map((end) => join(folder, `server.${end}`)) as [
    string,
    string,
    string,
  ];
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { stdio: 'ignore' });
  const kind = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x';
  openssl(`req -new ${kind} -addext subjectAltName=${host} -keyout ${key} -out ${request}`);
  // Only so can it have run out before it was made.
  openssl(`x509 -req -in ${request} -signkey ${key} -copy_extensions copy -days ${days} -out ${cert}`);
  return createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (_asked, answer) =>
    answer.end('yes'),
  );
}

it.each([
  ['has expired', () => overTls('IP:127.0.0.1', '-1'), 'its certificate has expired', 'clock'],
  ['is for another host', () => overTls('DNS:nas.lan', '1'), 'certificate is for another host', 'name'],
  ['is none', () => createHttp(), 'it does not speak TLS', 'address'],
])('says that the certificate of a storage %s', async (_what, serve, words, hint) => {
  const server = serve();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const caFile = join(folder, 'server.pem');
  const asked = sendSmall(url, { headers: {}, caFile }, new AbortController().signal);
  await expect(asked).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining(words),
    hint: expect.stringContaining(hint),
  });
  server.close();
});

it('takes no file for an authority that holds none', async () => {
  const caFile = join(folder, 'text');
  writeFileSync(caFile, 'hello');
  const asked = sendSmall(
    new URL('https://127.0.0.1:1/'),
    { headers: {}, caFile },
    new AbortController().signal,
  );
  await expect(asked).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining(caFile),
  });
});
