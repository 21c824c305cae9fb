import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const COPIED_SHOWN_MS = 2_500;

/** A command to type, with a button that copies it. */
export function Command({ text }: { text: string }): JSX.Element {
  const code = useRef<HTMLElement>(null);
  const [outcome, setOutcome] = useState<'copied' | 'selected' | undefined>();
  useEffect(() => {
    if (outcome === undefined) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), COPIED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () =>
    writeClipboard(text).then(
      () => setOutcome('copied'),
      () => {
        // Without a clipboard (a plain http address of another name) the text is at least marked for Ctrl-C.
        if (code.current) getSelection()?.selectAllChildren(code.current);
        setOutcome('selected');
      },
    );
  return (
    <div class="command">
      <code ref={code}>{text}</code>
      <button type="button" class="button button--quiet" onClick={copy} aria-label={`Copy: ${text}`}>
        <Icon name={outcome === 'copied' ? 'good' : 'copy'} size={16} />
        <span aria-live="polite">{outcome === undefined ? 'Copy' : OUTCOME_WORDS[outcome]}</span>
      </button>
    </div>
  );
}

const OUTCOME_WORDS = { copied: 'Copied', selected: 'Press Ctrl-C' } as const;

async function writeClipboard(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
