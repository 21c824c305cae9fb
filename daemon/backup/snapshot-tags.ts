import type { Plan } from '../../contract/index.ts';

const JOB_TAG = 'agent-job=';

export interface TagSubject {
  readonly plan: Plan;
  readonly address: string;
  readonly jobId: string;
  readonly snapshotUuid: string;
}

/**
 * Tags of the real Olares agent, by which its restore finds name, type and paths (Above-Os/backups-sdk,
 * pkg/storage/space/space.go as of 2026-01), and two of our own that tie a snapshot to the ledger.
 */
export function snapshotTags({ plan, address, jobId, snapshotUuid }: TagSubject): string[] {
  const suffix = repositorySuffix(address);
  return [
    `repo-name=${base64(plan.name)}`,
    'backup-type=file',
    `backup-path=${base64(plan.paths[0] ?? '')}`,
    'operator=app',
    `repo-id=${plan.id}`,
    `files-prefix-path=${base64(JSON.stringify(plan.paths))}`,
    ...(suffix === undefined ? [] : [`repo-suffix=${suffix}`]),
    `agent-snapshot=${snapshotUuid}`,
    `${JOB_TAG}${jobId}`,
  ];
}

export function isOfJob(tags: readonly string[], jobId: string): boolean {
  return tags.includes(`${JOB_TAG}${jobId}`);
}

/** Our UUID of a snapshot, as its tags have it. */
export function snapshotUuidOf(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith('agent-snapshot='))?.slice('agent-snapshot='.length);
}

/** The installation's part of a Space address: `…/<DID>-<suffix>/olares-backups/…`. */
function repositorySuffix(address: string): string | undefined {
  return /\/did:key:[^/-]+-([^/-]+)\/olares-backups\//.exec(address)?.[1];
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
