import { createHash, createHmac } from 'node:crypto';
import type { StorageCredentials } from '../../contract/helper-messages.ts';

const EMPTY_SHA256 = createHash('sha256').digest('hex');

export interface Signing {
  readonly credentials: StorageCredentials;
  readonly region: string;
  readonly now: number;
  /** Default GET. */
  readonly method?: string;
  /** Default none. */
  readonly body?: Buffer | undefined;
}

/** Headers of a request, signed by AWS Signature Version 4 for S3. */
export function signedHeaders(
  url: URL,
  { credentials, region, now, method = 'GET', body }: Signing,
): Record<string, string> {
  const digest = body === undefined ? EMPTY_SHA256 : createHash('sha256').update(body).digest('hex');
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': digest,
    'x-amz-date': time,
    ...(credentials.sessionToken === '' ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(url),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    digest,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
    .toSorted()
    .join('&');
}

/** As S3 wants it signed: also the characters that `encodeURIComponent` leaves alone. */
export const strictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
