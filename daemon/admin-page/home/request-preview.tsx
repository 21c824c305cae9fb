import type { JSX } from 'preact';
import type { RestorePreview } from '../../../contract/index.ts';
import { Foreign } from '../components/basics.tsx';
import { counted, formatBytes, formatCount } from '../format/size.ts';
import { formatDuration } from '../format/time.ts';
import { Fact } from '../jobs/result-facts.tsx';

const NAMES_SHOWN = 3;

/** What the terminal has shown last of what the restore would do. */
export function PreviewFacts({ preview }: { preview: RestorePreview }): JSX.Element {
  const { bytesToFetch, estimateMs, freeBytes, fits, filesExtra, deletesExtra } = preview;
  const samples = preview.samples ?? { added: [], changed: [], extra: [] };
  return (
    <section aria-label="What it would do">
      <h4>What it would do</h4>
      <dl class="facts facts--grid">
        <Fact name="Into">
          <span class="path">
            <Foreign text={preview.target} max={400} />
          </span>
        </Fact>
        <Fact name="Files">{filesWords(preview)}</Fact>
        {filesExtra === 0 ? null : (
          <Fact name="Only there">
            {counted(filesExtra, 'file')}, {deletesExtra ? 'deleted and kept for undo' : 'left alone'}
          </Fact>
        )}
        {bytesToFetch === undefined ? null : (
          <Fact name="To fetch">
            up to {formatBytes(bytesToFetch)}
            {estimateMs === undefined ? null : `, about ${formatDuration(estimateMs)}`}
          </Fact>
        )}
        <Fact name="Free there">
          {formatBytes(freeBytes)}
          {fits ? null : ', which is not enough'}
        </Fact>
      </dl>
      {preview.targetExists ? (
        <ul class="lines" aria-label="Some of the files">
          <Names word="new" names={samples.added} />
          <Names word="changed" names={samples.changed} />
          {deletesExtra ? <Names word="deleted" names={samples.extra} /> : null}
        </ul>
      ) : null}
      {preview.warnings.map((warning) => (
        <p class="muted small" key={warning}>
          <Foreign text={warning} max={500} />
        </p>
      ))}
    </section>
  );
}

function filesWords(preview: RestorePreview): string {
  const { targetExists, filesTotal, bytesTotal, filesNew, filesChanged, filesUnchanged } = preview;
  if (preview.bytesToFetch === undefined && filesTotal === 0) return 'not known before it runs';
  const all = `${counted(filesTotal, 'file')}, ${formatBytes(bytesTotal)}`;
  if (!targetExists) return all;
  const [fresh, changed, same] = [filesNew, filesChanged, filesUnchanged].map(formatCount);
  return `${all}: ${fresh} new, ${changed} changed, ${same} the same`;
}

function Names({ word, names }: { word: string; names: readonly string[] }): JSX.Element {
  return (
    <>
      {names.slice(0, NAMES_SHOWN).map((name) => (
        <li key={name}>
          <span class="muted small">{word}</span>
          <code class="path">
            <Foreign text={name} max={200} />
          </code>
        </li>
      ))}
    </>
  );
}
