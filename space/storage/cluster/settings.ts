import { AppError } from '../../../contract/errors.ts';

/** An S3 cluster that others run, and how this Space asks it for temporary keys. */
export interface ClusterSettings {
  readonly cloud: Cloud;
  /** `https://host[:port]` of the S3 API, as machines reach it. */
  readonly endpoint: string;
  /** Where `AssumeRole` is asked; the same server as a rule, another one at AWS. */
  readonly stsEndpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Undefined where the server takes the caller's own rights as the role's, as MinIO does. */
  readonly roleArn: string | undefined;
  /** Holds the long-lived keys of this Space; read anew for each use, so that keys can be changed while it runs. */
  readonly credentialsFile: string;
  /** Longest life of temporary keys that the role allows. */
  readonly sessionSeconds: number;
}

export type Cloud = 'aws' | 'tencentcloud';

/** The options as typed, without `--`. */
export interface ClusterOptions {
  readonly 's3-endpoint'?: string | undefined;
  readonly 's3-sts-endpoint'?: string | undefined;
  readonly 's3-region'?: string | undefined;
  readonly 's3-bucket'?: string | undefined;
  readonly 's3-role-arn'?: string | undefined;
  readonly 's3-credentials-file'?: string | undefined;
  readonly 's3-cloud'?: string | undefined;
  readonly 's3-session-seconds'?: string | undefined;
}
type OptionName = keyof ClusterOptions;

/** What STS accepts in `DurationSeconds`; a role allows an hour unless it was told more. */
export const SESSION_SECONDS = { least: 900, usual: 3_600, most: 43_200 } as const;
// As the agent checks them: what it would refuse later is refused here.
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const ROLE_ARN = /^arn:[a-z-]{1,20}:(?:iam|sts):[a-z0-9-]*:[A-Za-z0-9-]*:role\/[\w+=,.@/-]{1,128}$/;

/** @throws AppError `invalid_input` naming the option, its value and what it should look like */
export function readClusterSettings(options: ClusterOptions): ClusterSettings {
  const cloud = readCloud(options);
  const endpoint = readAddress(options, 's3-endpoint', 'https://s3.eu-central-1.amazonaws.com');
  const region = readText(options, 's3-region', { pattern: REGION, example: 'eu-central-1' });
  const bucket = readText(options, 's3-bucket', { pattern: BUCKET, example: 'my-olares-space' });
  const hasRole = options['s3-role-arn'] !== undefined;
  if (!hasRole && isAmazon(endpoint)) {
    throw invalid(
      's3-role-arn',
      undefined,
      'AWS gives temporary keys for a role: --s3-role-arn arn:aws:iam::…',
    );
  }
  return {
    cloud,
    endpoint,
    stsEndpoint: readStsEndpoint(options, { cloud, endpoint, region }),
    region,
    bucket,
    roleArn: hasRole
      ? readText(options, 's3-role-arn', {
          pattern: ROLE_ARN,
          example: 'arn:aws:iam::123456789012:role/olares-space',
        })
      : undefined,
    credentialsFile: readText(options, 's3-credentials-file', {
      pattern: /^[^\0]+$/,
      example: '/etc/olares-space/s3',
    }),
    sessionSeconds: readSessionSeconds(options),
  };
}

/** The address that agents make up by themselves from cloud and region; the real Olares knows no other. */
export const vendorEndpoint = (cloud: string, region: string): string =>
  cloud === 'tencentcloud' ? `https://cos.${region}.myqcloud.com` : `https://s3.${region}.amazonaws.com`;

/** The names of those given, for a message that they need `--storage s3`. */
export const givenClusterOptions = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(options).filter((name) => name.startsWith('s3-') && options[name] !== undefined);

function readCloud(options: ClusterOptions): Cloud {
  const cloud = options['s3-cloud'] ?? 'aws';
  if (cloud === 'aws' || cloud === 'tencentcloud') return cloud;
  throw invalid('s3-cloud', cloud, 'it is aws (also for MinIO, Ceph and the like) or tencentcloud');
}

/** AWS has a server of its own for it; MinIO and Ceph answer it on the S3 address; COS has none that speaks it. */
function readStsEndpoint(
  options: ClusterOptions,
  { cloud, endpoint, region }: { cloud: Cloud; endpoint: string; region: string },
): string {
  const example = 'https://sts.eu-central-1.amazonaws.com';
  if (options['s3-sts-endpoint'] !== undefined) return readAddress(options, 's3-sts-endpoint', example);
  if (cloud === 'tencentcloud') {
    throw invalid(
      's3-sts-endpoint',
      undefined,
      "COS itself does not answer AssumeRole: name a server that does, in AWS's form, for this bucket",
    );
  }
  if (!isAmazon(endpoint)) return endpoint;
  const domain = endpoint.endsWith('.cn') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://sts.${region}.${domain}`;
}

const isAmazon = (endpoint: string): boolean => /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);

/** Scheme, host and port only; plain http on loopback only, since machines refuse the rest. */
function readAddress(options: ClusterOptions, name: OptionName, example: string): string {
  const text = options[name];
  const hint = `write it like ${example}`;
  if (text === undefined) throw invalid(name, undefined, hint);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Not shown: what stands before an @ may be a password.
  if (url && url.username + url.password !== '')
    throw invalid(name, url.host, 'keys belong into the file of --s3-credentials-file');
  if (!url || url.origin === 'null' || !isBare(url)) throw invalid(name, text, hint);
  if (isSafe(url)) return url.origin;
  throw invalid(name, text, 'keys would go over the network unprotected: use https (http on loopback only)');
}

const isBare = (url: URL): boolean => url.pathname === '/' && url.search === '' && url.hash === '';

const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

function readText(
  options: ClusterOptions,
  name: OptionName,
  { pattern, example }: { pattern: RegExp; example: string },
): string {
  const text = options[name];
  if (text !== undefined && pattern.test(text) && !text.includes('..')) return text;
  throw invalid(name, text, `for example --${name} ${example}`);
}

function readSessionSeconds(options: ClusterOptions): number {
  const text = options['s3-session-seconds'];
  if (text === undefined) return SESSION_SECONDS.usual;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds >= SESSION_SECONDS.least && seconds <= SESSION_SECONDS.most) return seconds;
  throw invalid(
    's3-session-seconds',
    text,
    `a number from ${SESSION_SECONDS.least} to ${SESSION_SECONDS.most}, and no more than the role allows`,
  );
}

function invalid(field: OptionName, value: string | undefined, hint: string): AppError {
  const what =
    value === undefined ? `--${field} is missing` : `--${field} is "${value}", which cannot be used`;
  return new AppError('invalid_input', what, { field, hint });
}
