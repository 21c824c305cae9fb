import type { Plan } from '../../contract/index.ts';

const JOB_TAG = 'agent-job=';

export interface TagSubject {
  readonly plan: Plan;
  readonly address: string;
  readonly jobId: string;
}

/**
 * Tags of the real Olares agent, by which its restore finds name, type and paths (Above-Os/backups-sdk,
 * pkg/storage/space/space.go as of 2026-01), and one of our own that ties a snapshot to its job.
 */
export function snapshotTags({ plan, address, jobId }: TagSubject): string[] {
  const suffix = repositorySuffix(address);
  return [
    `repo-name=${base64(plan.name)}`,
    'backup-type=file',
    `backup-path=${base64(plan.paths[0] ?? '')}`,
    'operator=app',
    `repo-id=${plan.id}`,
    `files-prefix-path=${base64(JSON.stringify(plan.paths))}`,
    ...(suffix === undefined ? [] : [`repo-suffix=${suffix}`]),
    `${JOB_TAG}${jobId}`,
  ];
}

export function isOfJob(tags: readonly string[], jobId: string): boolean {
  return tags.includes(`${JOB_TAG}${jobId}`);
}

/** The installation's part of a Space address: `…/<DID>-<suffix>/olares-backups/…`. */
function repositorySuffix(address: string): string | undefined {
  return /\/did:key:[^/-]+-([^/-]+)\/olares-backups\//.exec(address)?.[1];
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
