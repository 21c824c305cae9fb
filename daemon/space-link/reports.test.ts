import { expect, it } from 'vitest';
import type { AgentEvent, Job, Plan } from '../../contract/index.ts';
import { reportsOf } from './reports.ts';

const PLAN = '11111111-1111-4111-8111-111111111111';
const JOB = '22222222-2222-4222-8222-222222222222';

function placeReported(address: string): Record<string, unknown> {
  const plan = { id: PLAN, location: { kind: 'space' }, state: 'active', repository: { address } };
  const result = { kind: 'backup', snapshotId: 'a'.repeat(64), bytesTotal: 1, skipped: { count: 0 } };
  const job = { id: JOB, planId: PLAN, kind: 'backup', state: 'succeeded', createdAt: 0, result };
  const event = { seq: 1, at: 0, kind: 'job.state', body: { job: job as unknown as Job } };
  const [report] = reportsOf(event as AgentEvent, {
    userid: 'did:key:a',
    token: '',
    plan: () => plan as unknown as Plan,
    ledgerUpTo: () => ({ hasEarlier: false, storedBytes: 1 }),
  });
  return report && 'form' in report ? report.form : {};
}

it.each([
  ['did:key:a-b', 'did:key:a-b'],
  ['did%3Akey%3Aa-b', 'did:key:a-b'],
  ['50%-off', '50%-off'],
])('tells Space the prefix %s as %s', (written, told) => {
  expect(placeReported(`s3:https://h.example/bucket/${written}/olares-backups/n`)).toMatchObject({
    bucket: 'bucket',
    prefix: told,
  });
});
