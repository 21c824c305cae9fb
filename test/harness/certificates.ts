import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A certificate for 127.0.0.1 that signs itself; who is to trust it is given its file. */
export function makeCertificate(dir: string, name: string): Certificate & { readonly file: string } {
  const key = join(dir, `${name}.key`);
  const file = join(dir, `${name}.pem`);
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  args.push('-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', file);
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}
