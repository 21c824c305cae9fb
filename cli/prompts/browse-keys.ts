import { isDownKey, isEnterKey, isSpaceKey, isUpKey, type KeypressEvent } from '@inquirer/core';
import {
  above,
  canBeNamed,
  markOf,
  pageSize,
  toggled,
  type BrowseOptions,
  type PromptOptions,
  type Row,
  type State,
} from './browse-state.ts';

export interface Pressing {
  readonly options: PromptOptions;
  readonly state: State;
  readonly rows: readonly Row[];
}

/** What a key means: the next state, or the end. `typed` is the line so far, which matters while a search is typed. */
export function pressed(
  { options, state, rows }: Pressing,
  key: KeypressEvent,
  typed: string,
): State | 'done' {
  if (state.query !== undefined) return typing(state, key, typed);
  const move = moved(state.active, key, { rows: rows.length, page: pageSize(options) });
  if (move !== undefined) return { ...state, active: move, hint: '' };
  const row = rows[state.active];
  if (isSpaceKey(key)) return choose(state, row);
  if (typed.endsWith('/') || key.name === '/') return { ...state, query: '', hint: '' };
  if (BACK.has(key.name)) return goUp(options, state, rows);
  if (key.name === 'right') return enter(state, row);
  return isEnterKey(key) ? entered(state, row) : state;
}

const BACK: ReadonlySet<string> = new Set(['left', 'backspace', 'escape']);

function entered(state: State, row: Row | undefined): State | 'done' {
  if (state.chosen.size > 0) return 'done';
  if (row?.type === 'dir') return enter(state, row);
  return { ...state, hint: 'Nothing is chosen yet: the space bar chooses.' };
}

function typing(state: State, key: KeypressEvent, typed: string): State {
  if (key.name === 'escape') return { ...state, query: undefined };
  const query = typed.replace(/^\//, '');
  if (!isEnterKey(key)) return { ...state, query };
  // The line is empty by now: the library takes it at Enter.
  const text = (state.query ?? '').trim();
  if (text === '') return { ...state, query: undefined };
  return { ...state, query: undefined, view: { search: text }, active: 0 };
}

function moved(
  active: number,
  key: KeypressEvent,
  { rows, page }: { rows: number; page: number },
): number | undefined {
  const last = Math.max(0, rows - 1);
  if (isUpKey(key)) return Math.max(0, active - 1);
  if (isDownKey(key)) return Math.min(last, active + 1);
  const jumps: Record<string, number> = {
    pageup: Math.max(0, active - page),
    pagedown: Math.min(last, active + page),
    home: 0,
    end: last,
  };
  return jumps[key.name];
}

function choose(state: State, row: Row | undefined): State {
  if (!row) return state;
  if (!canBeNamed(row)) return { ...state, hint: 'Its name is no text: choose its directory instead.' };
  if (markOf(state.chosen, row.path) === 'by-parent')
    return { ...state, hint: 'It comes with a directory that is chosen.' };
  return { ...state, chosen: toggled(state.chosen, row.path), hint: '' };
}

function enter(state: State, row: Row | undefined): State {
  if (row?.type !== 'dir')
    return { ...state, hint: row ? 'It is no directory: the space bar chooses it.' : '' };
  if (!canBeNamed(row)) return { ...state, hint: 'Its name is no text, so it cannot be opened here.' };
  return { ...state, view: { path: row.path }, active: 0, hint: '' };
}

function goUp({ roots }: BrowseOptions, state: State, rows: readonly Row[]): State {
  const view = above(state.view, roots);
  if (!view) return { ...state, hint: rows.length > 0 ? 'The snapshot holds nothing above this.' : '' };
  return { ...state, view, active: 0, hint: '' };
}
