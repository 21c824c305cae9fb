import type { JSX } from 'preact';
import type { Skipped } from '../../../contract/index.ts';
import { counted } from '../format/size.ts';
import { Foreign } from './basics.tsx';

/** The first names and why each was left out. */
export function SkippedFiles({
  skipped: { count, first },
  most,
}: {
  skipped: Skipped;
  most?: number;
}): JSX.Element {
  const shown = first.slice(0, most);
  return (
    <>
      <ul class="lines">
        {shown.map(({ path, reason }, index) => (
          <li key={index}>
            <code class="path">
              <Foreign text={path} max={400} />
            </code>
            <span class="muted">
              <Foreign text={reason} />
            </span>
          </li>
        ))}
      </ul>
      {count > shown.length ? (
        <p class="muted small">and {counted(count - shown.length, 'more', 'more')}</p>
      ) : null}
    </>
  );
}
