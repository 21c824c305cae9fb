import type { JSX } from 'preact';
import type { Plan } from '../../../contract/index.ts';
import { ESTIMATE_DOUBT } from '../../../contract/usage-text.ts';
import { ActionButton } from '../components/basics.tsx';
import type { Action } from '../state/context.ts';

/** The way on after a backup that did not start because of its estimate. */
export function EstimateRefusal({ plan, start }: { plan: Plan; start: Action }): JSX.Element {
  return (
    <div class="plan__anyway" data-estimate-refusal>
      <p>The last backup did not start: it will probably not fit. {ESTIMATE_DOUBT}</p>
      <ActionButton action={start} label="Start anyway" busyLabel="Starting…" describes={plan.name} />
    </div>
  );
}
