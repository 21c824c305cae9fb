import { AppError, cleanText } from '../../contract/index.ts';

const LONGEST_NAME = 100;

/**
 * The rules of Olares, whose UI and repository addresses carry the name.
 * @returns the name without outer white space, in Unicode's composed form
 * @throws AppError `invalid_input` with field `name`
 */
export function validPlanName(given: string): string {
  const name = given.trim().normalize('NFC');
  const fault = faultOf(name);
  if (fault === undefined) return name;
  throw new AppError('invalid_input', `the plan name "${cleanText(given, 120)}" ${fault}`, {
    field: 'name',
    hint: 'use letters, digits, spaces, - and _, e.g. "photos"',
  });
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.startsWith('.')) return 'starts with a dot';
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  const forbidden = /[\\/@!#]/.exec(name);
  if (forbidden) return `contains "${forbidden[0]}"`;
  if (cleanText(name) !== name) return 'contains a control character';
  return /\p{Surrogate}/u.test(name) ? 'contains a broken character' : undefined;
}
