import { lstatSync, mkdirSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import { isPrivate, openAnchor, type Anchor } from './anchor.ts';
import { removeTree } from './move.ts';

/** A new private directory beside the target, on the same file system, so that placing is a rename. */
export interface Staging extends AsyncDisposable {
  readonly anchor: Anchor;
}

/**
 * @param parent of the target
 * @throws AppError `refused` when it cannot be made
 */
export async function openStaging(parent: Anchor, requestId: string): Promise<Staging> {
  const name = `.olares-restore-${requestId}`;
  try {
    await removeOld(parent.at(name));
    mkdirSync(parent.at(name), { mode: 0o700 });
    const anchor = openAnchor(parent.at(name));
    if (!isPrivate(anchor)) throw new Error('the directory just made is not ours: it was exchanged');
    return {
      anchor,
      async [Symbol.asyncDispose]() {
        // By its open directory first: the name may have been given to something else.
        await removeTree(anchor.at('content'));
        anchor[Symbol.dispose]();
        await removeTree(parent.at(name));
      },
    };
  } catch (error) {
    throw new AppError('refused', 'no directory can be made beside the target', {
      hint: 'choose a target whose parent directory exists and may be written by the agent',
      retry: 'after_action',
      cause: error,
    });
  }
}

/** What a killed run of the same request left. */
async function removeOld(path: string): Promise<void> {
  const old = lstatSync(path, { throwIfNoEntry: false });
  if (old?.isDirectory() && old.uid === process.geteuid?.()) await removeTree(path);
}
