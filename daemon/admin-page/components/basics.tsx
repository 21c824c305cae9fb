import type { ComponentChildren, JSX } from 'preact';
import { cleanText, type AppError, type ErrorBody } from '../../../contract/index.ts';
import type { Wording } from '../format/words.ts';
import { formatAbsolute, formatRelative } from '../format/time.ts';
import { useNow, type Action } from '../state/context.ts';
import { Icon, type IconName } from './icon.tsx';

/** Text that others wrote: never reorders what stands beside it, and its control characters are visible. */
export function Foreign({ text, max = 300 }: { text: string; max?: number }): JSX.Element {
  return <bdi>{cleanText(text, max)}</bdi>;
}

/** `3 hours ago`, with the full time and zone for the pointer and for screen readers. */
export function When({ at, zone }: { at: number; zone?: string }): JSX.Element {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatAbsolute(at, zone)}>
      {formatRelative(at, now)}
    </time>
  );
}

export function Badge({ tone, word, icon }: Wording & { icon?: IconName }): JSX.Element {
  return (
    <span class={`badge badge--${tone}`}>
      <Icon name={icon ?? tone} size={14} spin={tone === 'busy'} />
      {word}
    </span>
  );
}

interface ActionButtonProps {
  readonly action: Action;
  readonly label: string;
  /** What the button says between the click and the answer. */
  readonly busyLabel: string;
  readonly kind?: 'primary' | 'plain' | 'quiet';
  readonly isDisabled?: boolean;
  /** Names the thing for screen readers where `label` alone is repeated on the page. */
  readonly describes?: string;
}

export function ActionButton(props: ActionButtonProps): JSX.Element {
  const { action, label, busyLabel, kind = 'plain', isDisabled = false, describes } = props;
  const text = action.isBusy ? busyLabel : label;
  return (
    <button
      type="button"
      class={`button button--${kind}`}
      disabled={action.isBusy || isDisabled}
      aria-label={describes === undefined ? undefined : `${text}: ${cleanText(describes)}`}
      onClick={action.run}
    >
      {text}
    </button>
  );
}

/** What went wrong and the way out. */
export function Fault({ error }: { error: AppError | ErrorBody | undefined }): JSX.Element | null {
  if (!error) return null;
  return (
    <div class="fault" role="alert">
      <Icon name="error" size={18} />
      <div>
        <p>
          <Foreign text={error.message} max={1000} />
        </p>
        {error.hint === undefined ? null : (
          <p class="muted">
            <Hint text={error.hint} />
          </p>
        )}
      </div>
    </div>
  );
}

/** A sentence in which commands stand between backticks. */
export function Hint({ text }: { text: string }): JSX.Element {
  const parts = cleanText(text, 1000).split('`');
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 1 ? <code key={index}>{part}</code> : <bdi key={index}>{part}</bdi>,
      )}
    </>
  );
}

export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <span class="empty__icon">
        <Icon name={icon} size={28} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export const Loading = ({ what }: { what: string }): JSX.Element => (
  <p class="loading" role="status">
    Loading {what}…
  </p>
);
