import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** A button that shows that its work goes on, and beside it why it did not work. */
export function ActionButton(props: {
  act: () => Promise<unknown>;
  class?: string;
  disabled?: boolean;
  children: ComponentChildren;
}) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = () => {
    setBusy(true);
    setProblem(undefined);
    props
      .act()
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <button
        type="button"
        class={props.class ?? ''}
        disabled={isBusy || props.disabled === true}
        onClick={run}
      >
        {props.children}
      </button>
      {problem !== undefined && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

/** A command to type on the machine, with a button that copies it where the browser allows that. */
export function CommandLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <div class="command">
      <code>{text}</code>
      {'clipboard' in navigator && (
        <button type="button" class="quiet" onClick={() => void copy()}>
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  );
}

export function Badge({ tone, children }: { tone: string; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** Without a fraction it only shows that something goes on. */
export function ProgressBar({ fraction, label }: { fraction: number | undefined; label: string }) {
  return <progress max={1} {...(fraction === undefined ? {} : { value: fraction })} aria-label={label} />;
}
