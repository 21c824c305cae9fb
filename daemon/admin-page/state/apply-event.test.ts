import { describe, expect, it } from 'vitest';
import type { AgentEvent, HealthCondition, Job, Status } from '../../../contract/index.ts';
import { applyEvent } from './apply-event.ts';

const status = (change: Partial<Status> = {}) =>
  ({
    plans: [],
    jobs: [],
    requests: [],
    asked: [],
    conditions: [],
    link: { pendingReports: 4 },
    ...change,
  }) as unknown as Status;
const event = (kind: string, body: unknown) => ({ seq: 7, at: 99, kind, body }) as AgentEvent;
const job = (state: Job['state']) => ({ id: 'j1', state }) as Job;
const condition = (planId?: string) => ({ code: 'late', planId, message: 'm' }) as HealthCondition;

describe('applying events to the status', () => {
  it('keeps a job while it goes on and drops it when it ended', () => {
    const started = applyEvent(status(), event('job.state', { job: job('running') }));
    expect(started.jobs).toEqual([job('running')]);
    expect(applyEvent(started, event('job.state', { job: job('cancelling') })).jobs).toEqual([
      job('cancelling'),
    ]);
    expect(applyEvent(started, event('job.state', { job: job('incomplete') })).jobs).toEqual([]);
  });

  it('tells the same condition of two plans apart', () => {
    const both = [condition('p1'), condition('p2')].reduce(
      (old, raised) => applyEvent(old, event('health.raised', { condition: raised })),
      status(),
    );
    expect(applyEvent(both, event('health.raised', { condition: condition('p1') })).conditions).toHaveLength(
      2,
    );
    expect(applyEvent(both, event('health.cleared', { code: 'late', planId: 'p1' })).conditions).toEqual([
      condition('p2'),
    ]);
    expect(applyEvent(both, event('health.cleared', { code: 'late' })).conditions).toHaveLength(2);
  });

  it('keeps what a link event does not tell, and drops an old reason', () => {
    const lost = applyEvent(status(), event('link.state', { state: 'backing-off', reason: 'no route' }));
    expect(lost.link).toEqual({ state: 'backing-off', reason: 'no route', since: 99, pendingReports: 4 });
    expect(applyEvent(lost, event('link.state', { state: 'live' })).link).toEqual({
      state: 'live',
      since: 99,
      pendingReports: 4,
    });
  });

  it('leaves the status as it is for a kind it does not know', () => {
    const before = status();
    expect(applyEvent(before, event('moon.phase', {}))).toBe(before);
  });
});
