import type { CredentialPurpose } from '../credentials.ts';

export interface PolicyRequest {
  readonly bucket: string;
  /** Of the account's cluster, without a slash at its end. */
  readonly prefix: string;
  readonly purpose: CredentialPurpose;
  /** The quota is reached: only what keeps a repository in order may still be written. */
  readonly isFull: boolean;
  /** `aws`, `aws-cn` …: the first part of every resource's name. */
  readonly partition: string;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Condition?: unknown;
}

/** restic names its files by 64 hexadecimal digits. `?` is one character, also a slash. */
const RESTIC_NAME = '?'.repeat(64);
const MAX_POLICY_CHARACTERS = 2_048;
// Nothing that has a meaning of its own in a policy: `*`, `?`, `$`.
const SAFE_PREFIX = /^[A-Za-z0-9:._-]+$/;
const UPLOAD = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/**
 * The session policy of temporary keys: what they may at most, whatever the role may. What is not allowed is refused;
 * the explicit denial holds even where a policy of the bucket itself would allow more.
 *
 * A name such as `…/locks/<64 characters>` cannot be that of a pack, a snapshot or a key, whatever a plan is called:
 * those have another folder before their last 64 characters.
 * @throws RangeError for a prefix that would mean something else in a policy, or names too long for one
 */
export function sessionPolicy(request: PolicyRequest): string {
  const { bucket, prefix, partition } = request;
  if (!SAFE_PREFIX.test(prefix)) throw new RangeError(`the prefix "${prefix}" cannot stand in a policy`);
  const bucketArn = `arn:${partition}:s3:::${bucket}`;
  const below = `${bucketArn}/${prefix}/*`;
  const files = (...folders: string[]) => folders.map((folder) => `${below}/${folder}/${RESTIC_NAME}`);
  const statements: Statement[] = [
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [below] },
    {
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: [bucketArn],
      Condition: { StringLike: { 's3:prefix': [`${prefix}/*`] } },
    },
    ...writing(request, { below, files }),
    { Effect: 'Deny', Action: ['s3:*'], NotResource: [bucketArn, below] },
  ];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (policy.length > MAX_POLICY_CHARACTERS)
    throw new RangeError(`the policy for "${prefix}" has ${policy.length} characters, more than STS takes`);
  return policy;
}

interface Names {
  readonly below: string;
  readonly files: (...folders: string[]) => string[];
}

function writing({ purpose, isFull }: PolicyRequest, { below, files }: Names): Statement[] {
  if (purpose === 'read') return [];
  if (purpose === 'prune')
    return [{ Effect: 'Allow', Action: [...UPLOAD, 's3:DeleteObject'], Resource: [below] }];
  // As in our own storage: an index can be made anew, and only who changes keys may end one.
  const removable = files('locks', 'index', ...(purpose === 'keys' ? ['keys'] : []));
  if (!isFull)
    return [
      { Effect: 'Allow', Action: UPLOAD, Resource: [below] },
      { Effect: 'Allow', Action: ['s3:DeleteObject'], Resource: removable },
    ];
  return [
    { Effect: 'Allow', Action: ['s3:PutObject', 's3:DeleteObject'], Resource: removable },
    { Effect: 'Allow', Action: ['s3:PutObject'], Resource: files('snapshots') },
  ];
}
