import type { MergedFiles } from '../../contract/model/job.ts';
import type { RestoreConflict } from '../../contract/model/request.ts';
import type { Anchor } from './anchor.ts';
import type { LeftOut } from './scan.ts';
import type { Selection } from './selection.ts';
import type { Target } from './target.ts';

export interface Placing {
  readonly staging: Anchor;
  readonly target: Target;
  readonly selection: Selection;
  /** The target may hold something: the restore is in place, or the person named a rule. */
  readonly inPlace: boolean;
  /** Absent: `replace`. */
  readonly conflict?: RestoreConflict | undefined;
  readonly deleteExtra?: boolean | undefined;
  readonly left?: LeftOut | undefined;
  /** End of the name of the kept tree, e.g. `20261120-181200`. */
  readonly stamp: string;
  /** Called with the path of the kept tree before the first old file moves there. */
  readonly onKeep: (undoPath: string) => void;
  /** Where the target held something: what became of the files. */
  readonly onMerged?: ((merged: MergedFiles) => void) | undefined;
}
