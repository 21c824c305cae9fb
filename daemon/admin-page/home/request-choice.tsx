import type { JSX } from 'preact';
import type { RestoreChoice, RestoreConflict } from '../../../contract/index.ts';
import { Foreign } from '../components/basics.tsx';

/** What was chosen, here or at the terminal. */
export function ChoiceFacts({ choice }: { choice: RestoreChoice }): JSX.Element {
  const { target, include = [] } = choice;
  const rules = rulesOf(choice);
  return (
    <dl class="facts">
      <div>
        <dt>Target</dt>
        <dd>
          {target === undefined ? null : <Foreign text={target} max={400} />}
          {target === undefined || rules.length === 0 ? null : ' · '}
          {rules.join(' · ')}
        </dd>
      </div>
      <div>
        <dt>Restores</dt>
        <dd>{include.length === 0 ? 'everything' : <Foreign text={pathWords(include)} max={600} />}</dd>
      </div>
    </dl>
  );
}

function rulesOf({ target, inPlace, conflict, deleteExtra, verify }: RestoreChoice): string[] {
  const beside = target === undefined ? 'a new folder beside the source' : undefined;
  return [
    inPlace ? 'in place' : beside,
    conflict === undefined ? undefined : CONFLICT_WORDS[conflict],
    deleteExtra ? 'what only is there is deleted' : undefined,
    verify === false ? 'not verified' : undefined,
  ].filter((rule) => rule !== undefined);
}

const PATHS_SHOWN = 5;
const pathWords = (paths: readonly string[]) =>
  paths.slice(0, PATHS_SHOWN).join(', ') +
  (paths.length > PATHS_SHOWN ? ` and ${paths.length - PATHS_SHOWN} more` : '');

export const CONFLICT_WORDS: Readonly<Record<RestoreConflict, string>> = {
  keep: 'files that are there stay',
  different: 'files that differ are replaced',
  replace: 'files that are there are replaced',
  rename: 'brought beside files that are there',
};
