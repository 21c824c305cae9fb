import { createPrompt, useEffect, useKeypress, useState } from '@inquirer/core';
import { pressed } from './browse-keys.ts';
import { screen, summary } from './browse-screen.ts';
import {
  sorted,
  topOf,
  type BrowseOptions,
  type Loaded,
  type PromptOptions,
  type Row,
  type State,
  type View,
} from './browse-state.ts';
import { atTerminal } from './prompts.ts';

/** Lets a person walk through a snapshot and choose files and directories. @returns none to go back */
export function browseFiles(options: BrowseOptions): Promise<readonly string[]> {
  return atTerminal((context) =>
    prompt({ ...options, columns: context.output.columns || 80, rows: context.output.rows || 24 }, context),
  );
}

const prompt = createPrompt<readonly string[], PromptOptions>((options, done) => {
  const [isDone, setDone] = useState(false);
  const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);
  const [state, setState] = useState<State>({
    view: topOf(options.roots),
    query: undefined,
    active: 0,
    chosen: new Set(options.chosen),
    hint: '',
  });
  const viewKey = JSON.stringify(state.view);
  useEffect(() => {
    let isGone = false;
    void load(options, state.view).then((result) => {
      if (!isGone) setLoaded(result);
    });
    return () => (isGone = true);
  }, [viewKey]);
  useKeypress((key, line) => {
    const typed = line.line;
    if (state.query === undefined) line.clearLine(0);
    const next = pressed({ options, state, rows: loaded?.rows ?? [] }, key, typed);
    if (next === 'done') {
      setDone(true);
      done([...state.chosen]);
      return;
    }
    if (state.query !== undefined && next.query === undefined) line.clearLine(0);
    if (JSON.stringify(next.view) !== viewKey) setLoaded(undefined);
    setState(next);
  });
  if (isDone) return summary(options.style, state.chosen);
  return screen(options, state, loaded);
});

async function load(options: BrowseOptions, view: View): Promise<Loaded> {
  try {
    if ('search' in view) return { rows: await options.find(view.search) };
    if (view.path === undefined) return { rows: options.roots.map(rootRow) };
    return { rows: sorted(await options.list(view.path)) };
  } catch (error) {
    return { rows: [], note: error instanceof Error ? error.message : String(error) };
  }
}

const rootRow = (path: string): Row => ({ path, name: path, type: 'dir' });
