import { cleanText } from '../../../contract/index.ts';

/** What the person types at the machine. The code is the daemon's; anything else in it would be no code of ours. */
export const restoreCommand = (code: string): string => `olares-backup restore ${plainCode(code)}`;
export const undoCommand = (code: string): string => `olares-backup request undo ${plainCode(code)}`;

const plainCode = (code: string): string => cleanText(code).replace(/[^A-Za-z0-9-]/g, '');

/** A name that is no text, with control characters, or with marks that turn the direction, is not the one that is shown. */
export const canBeChosen = (path: string): boolean =>
  path.startsWith('/') && !path.includes('\ufffd') && cleanText(path, path.length + 1) === path;
