import type { JSX } from 'preact';
import type { Status } from '../../../contract/index.ts';
import { useAgentState } from '../state/context.ts';
import { AskedCard } from './asked-card.tsx';
import { Conditions } from './conditions.tsx';
import { EndedRestores } from './ended-restores.tsx';
import { GettingStarted } from './getting-started.tsx';
import { HealthHero } from './health-hero.tsx';
import { PlanCard } from './plan-card.tsx';
import { RequestCard } from './request-card.tsx';
import { RunningJob } from './running-job.tsx';
import { SpaceCard } from './space-card.tsx';
import { UsageCard } from './usage-card.tsx';

/** Everything a first look needs, the most urgent first. */
export function Home(): JSX.Element | null {
  const status = useAgentState((state) => state.status);
  if (!status) return null;
  return (
    <>
      <HealthHero status={status} />
      <Conditions conditions={status.conditions} />
      <div class="columns">
        <div class="columns__main">
          <Asked status={status} />
          <Requests status={status} />
          <Jobs status={status} />
          <EndedRestores />
          <Plans status={status} />
        </div>
        <div class="columns__side">
          {status.usage ? <UsageCard usage={status.usage} /> : null}
          <SpaceCard status={status} />
        </div>
      </div>
    </>
  );
}

function Asked({ status }: { status: Status }): JSX.Element | null {
  if (status.asked.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="asked-title">
      <h2 id="asked-title">Space asks</h2>
      {status.asked.map((command) => (
        <AskedCard key={command.id} command={command} />
      ))}
    </section>
  );
}

function Requests({ status }: { status: Status }): JSX.Element | null {
  if (status.requests.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="requests-title">
      <h2 id="requests-title">Restore {status.requests.length === 1 ? 'request' : 'requests'}</h2>
      {status.requests.map((request) => (
        <RequestCard key={request.id} request={request} />
      ))}
    </section>
  );
}

function Jobs({ status }: { status: Status }): JSX.Element | null {
  if (status.jobs.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="now-title">
      <h2 id="now-title">Now</h2>
      {status.jobs.map((job) => (
        <RunningJob key={job.id} job={job} />
      ))}
    </section>
  );
}

function Plans({ status }: { status: Status }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="plans-title">
      <h2 id="plans-title">Backup plans</h2>
      {status.plans.length === 0 ? (
        <GettingStarted isSignedIn={status.account?.state === 'signed-in'} />
      ) : null}
      {status.plans.map((plan) => (
        <PlanCard
          key={plan.id}
          plan={plan}
          activeJob={status.jobs.find((job) => job.planId === plan.id && job.kind === 'backup')}
        />
      ))}
    </section>
  );
}
