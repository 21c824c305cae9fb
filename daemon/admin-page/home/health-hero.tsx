import type { JSX } from 'preact';
import type { Plan, Status } from '../../../contract/index.ts';
import { Foreign, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { HEALTH_WORDS } from '../format/words.ts';

/** One sentence a person reads first, and when the last good and the next backup are. */
export function HealthHero({ status }: { status: Status }): JSX.Element {
  const { level, sentence, plans } = status;
  const lastGoodAt = largest(plans.map((plan) => plan.lastGoodAt));
  const nextDueAt = smallest(plans.filter(({ state }) => state === 'armed').map((plan) => plan.nextDueAt));
  return (
    <section class={`hero hero--${level}`} aria-labelledby="health">
      <span class="hero__icon">
        <Icon name={level} size={30} spin={level === 'busy'} />
      </span>
      <div>
        <p class="hero__word">{HEALTH_WORDS[level] ?? level}</p>
        <div aria-live="polite" aria-atomic="true">
          <h1 id="health">
            <Foreign text={sentence} />
          </h1>
        </div>
        {plans.length === 0 ? null : (
          <p class="hero__times">
            {lastGoodAt === undefined ? (
              'No good backup yet'
            ) : (
              <>
                Last good backup <When at={lastGoodAt} />
              </>
            )}
            {nextDueAt === undefined ? (
              ' · nothing scheduled'
            ) : (
              <>
                {' '}
                · next <When at={nextDueAt} />
              </>
            )}
          </p>
        )}
      </div>
    </section>
  );
}

type Time = Plan['lastGoodAt'];
const known = (times: readonly Time[]) => times.filter((time) => time !== undefined);
const largest = (times: readonly Time[]): Time => known(times).sort((a, b) => b - a)[0];
const smallest = (times: readonly Time[]): Time => known(times).sort((a, b) => a - b)[0];
