import type { JSX } from 'preact';
import type { HealthCondition } from '../../../contract/index.ts';
import { Foreign, Hint, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';

const LEVEL_WORDS = { warning: 'Warning', error: 'Error' } as const;

/** What is wrong now, errors first, each with the way out. */
export function Conditions({ conditions }: { conditions: readonly HealthCondition[] }): JSX.Element | null {
  if (conditions.length === 0) return null;
  const sorted = [...conditions].sort((a, b) => Number(b.level === 'error') - Number(a.level === 'error'));
  return (
    <section aria-label="What needs attention">
      <ul class="conditions">
        {sorted.map((condition) => (
          <li
            key={`${condition.code} ${condition.planId ?? ''}`}
            class={`condition condition--${condition.level}`}
          >
            <Icon name={condition.level} size={20} />
            <div>
              <p>
                <strong>{LEVEL_WORDS[condition.level]}: </strong>
                <Foreign text={condition.message} max={1000} />
              </p>
              {condition.hint === undefined ? null : (
                <p class="condition__hint">
                  <Hint text={condition.hint} />
                </p>
              )}
            </div>
            <span class="condition__since muted">
              <When at={condition.since} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
