import { toErrorBody, type AppError } from '../../contract/errors.ts';
import type { LocationTest } from '../../contract/model/location-test.ts';

/** One thing that is looked at. Answers in words what was found. */
export interface Step {
  readonly name: string;
  readonly look: () => Promise<string | Doubt>;
}

/** Something that works but may not be meant. */
export interface Doubt {
  readonly message: string;
  readonly hint: string;
}

/** Looks until something fails. */
export async function walk(steps: readonly Step[], cancel: AbortSignal): Promise<LocationTest> {
  const seen: LocationTest['steps'] = [];
  for (const { name, look } of steps) {
    try {
      const found = await look();
      seen.push(
        typeof found === 'string'
          ? { name, level: 'ok', message: found }
          : { name, level: 'warning', ...found },
      );
    } catch (error) {
      cancel.throwIfAborted();
      const failure = toErrorBody(error as AppError);
      const { message, hint } = failure;
      return {
        steps: [...seen, { name, level: 'error', message, ...(hint !== undefined && { hint }) }],
        failure,
      };
    }
  }
  return { steps: seen };
}
