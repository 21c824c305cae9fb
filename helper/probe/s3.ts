import { AppError } from '../../contract/errors.ts';
import { ruleFor } from '../engine/failures.ts';
import { parseAddress } from '../storage/address.ts';
import { sendSmall, type HttpAnswer, type SmallRequest } from '../storage/http-get.ts';
import { signedHeaders, strictly } from '../storage/sign.ts';
import type { Probe } from './probe-types.ts';
import type { Step } from './steps.ts';

/**
 * One listing tells host, keys and bucket apart. Writing is tried with an empty object among the locks of a repository
 * that will be made: also keys that may not delete anything else may delete there.
 */
export function s3Steps(probe: Probe): Step[] {
  const place = parseAddress(probe.access);
  if (place.kind !== 's3') return [];
  const send = async (url: URL, method: SmallRequest['method'] = 'GET'): Promise<HttpAnswer> => {
    const { session, access, credentials } = probe;
    const headers = credentials
      ? signedHeaders(url, {
          credentials: await credentials(),
          region: place.region,
          now: session.clock(),
          method,
        })
      : {};
    return await sendSmall(url, { method, headers, caFile: access.caFile }, session.cancel);
  };
  // Keys from Space are for the repository's own place and may not list the bucket.
  if (probe.access.credentials.kind === 'sts') return [];
  let listing: HttpAnswer | undefined;
  const { bucket } = place;
  return [
    {
      name: 'host',
      async look() {
        const url = new URL(bucket.url);
        url.search = `list-type=2&max-keys=1&prefix=${strictly(bucket.prefix)}`;
        listing = await send(url);
        return `${url.host} answers`;
      },
    },
    { name: 'bucket', look: async () => judge(listing, nameOf(probe.request.base)) },
    ...(probe.request.mode === 'create'
      ? [
          {
            name: 'rights',
            look: async () => await tryWriting(new URL('locks/olares-backup-test', place.base), send),
          },
        ]
      : []),
  ];
}

const nameOf = (address: string): string =>
  address
    .replace(/^s3:(?:https?:)?\/{0,2}/, '')
    .split('/')
    .slice(0, 2)
    .join('/');

function judge(answer: HttpAnswer | undefined, bucket: string): string {
  const said = answer ? saidBy(answer) : '';
  const status = answer?.status ?? 0;
  if (status === 200 && said.includes('<ListBucketResult')) return 'the keys are accepted, and may list it';
  if (status === 404 || said.includes('NoSuchBucket')) throw noBucket(bucket, said);
  const isElsewhere = /AuthorizationHeaderMalformed|PermanentRedirect|^3\d\d /.test(said);
  throw isElsewhere ? otherRegion(bucket, said) : failure(said, 'it does not answer like S3');
}

function noBucket(bucket: string, said: string): AppError {
  return new AppError('not_found', `there is no bucket ${bucket}`, {
    hint: 'make it at the storage first, or correct its name in --location',
    field: 'location',
    cause: new Error(said),
  });
}

function otherRegion(bucket: string, said: string): AppError {
  const region = /<Region>([a-z0-9-]{1,40})<\/Region>/.exec(said)?.[1];
  const where = region === undefined ? '' : `, ${region}`;
  return new AppError('invalid_input', `the bucket ${bucket} is in another region${where}`, {
    hint: `give --region ${region ?? 'REGION'}, and the address of that region`,
    field: 'location',
    cause: new Error(said),
  });
}

async function tryWriting(
  url: URL,
  send: (url: URL, method: SmallRequest['method']) => Promise<HttpAnswer>,
): Promise<string> {
  const put = await send(url, 'PUT');
  if (put.status !== 200) throw failure(saidBy(put), 'it does not let us write');
  const removed = await send(url, 'DELETE');
  if (removed.status >= 300) {
    throw new AppError('refused', 'the keys may write but not remove the locks they make', {
      hint: 'allow DeleteObject at least below …/locks/: each backup leaves a lock behind otherwise',
      field: 'location',
      cause: new Error(saidBy(removed)),
    });
  }
  return 'the keys may write, and remove their locks';
}

const saidBy = ({ status, body }: HttpAnswer): string => `${status} ${body.toString('utf8', 0, 2000)}`;

function failure(said: string, otherwise: string): AppError {
  const cause = new Error(said);
  const status = /^5\d\d(?= )/.exec(said)?.[0];
  const rule = ruleFor(said);
  if (status !== undefined && rule?.code === 'unreachable') {
    return new AppError('unreachable', `the storage answers ${status}: it has a fault of its own`, {
      hint: 'try again later, or ask whoever runs it',
      retry: 'backoff',
      cause,
    });
  }
  if (rule?.code === 'not_signed_in') {
    return new AppError('not_signed_in', 'the storage does not accept the keys', {
      hint: 'correct them in the file of --credentials-file, and check the clock of this machine',
      field: 'location',
      retry: 'after_action',
      cause,
    });
  }
  if (rule) return new AppError(rule.code, rule.message, { hint: rule.hint, retry: rule.retry, cause });
  return new AppError('unreachable', `the storage cannot be used: ${otherwise}`, {
    hint: 'check the address of the location',
    retry: 'backoff',
    cause,
  });
}
