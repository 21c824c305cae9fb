import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly keyFile: string;
  /** The certificate, PEM. */
  readonly file: string;
}

/** A certificate for 127.0.0.1 that signs itself; who is to trust it is given its file. */
export const makeCertificate = (dir: string, name: string): Certificate =>
  make(dir, name, ['-addext', 'subjectAltName=IP:127.0.0.1']);

export interface Authority {
  /** For those who are to trust it. */
  readonly file: string;
  /** @param host as `IP:127.0.0.1` or `DNS:nas.lan` */
  issue(name: string, host: string): Certificate;
}

/** An authority as people make one for the servers of their own network. */
export function makeAuthority(dir: string, name: string): Authority {
  const { file, keyFile } = make(dir, name, []);
  const signedBy = ['-CA', file, '-CAkey', keyFile, '-addext', 'basicConstraints=critical,CA:FALSE'];
  return {
    file,
    issue: (server, host) => make(dir, server, [...signedBy, '-addext', `subjectAltName=${host}`]),
  };
}

function make(dir: string, name: string, more: readonly string[]): Certificate {
  const keyFile = join(dir, `${name}.key`);
  const file = join(dir, `${name}.pem`);
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  args.push('-subj', `/CN=${name}`, '-keyout', keyFile, '-out', file, ...more);
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(file), keyFile, file };
}
