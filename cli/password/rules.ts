import { AppError } from '../../contract/index.ts';

export const SHORTEST_PASSWORD = 12;
/** As the helpers take it. */
const LONGEST_PASSWORD_BYTES = 1024;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * One form for what people see as one password: composed and decomposed letters are different bytes, and restic trims
 * what it reads, so a password that depends on either could not be typed again.
 */
export function normalisePassword(typed: string): string {
  return typed.normalize('NFC');
}

/** A password that exists already: no valid one has white space at its ends, so what a paste brought along goes. */
export function normaliseKnownPassword(typed: string): string {
  return normalisePassword(typed).trim();
}

/** What a person has to know whose password is wrong, when another one was tried than the bytes that were typed. */
export function spellingHint(typed: string): string | undefined {
  const changes = [
    ...(typed.trim() === typed ? [] : ['without the white space around it']),
    ...(normalisePassword(typed) === typed ? [] : ['with its accented letters in their composed form']),
  ];
  if (changes.length === 0) return undefined;
  return `it was tried ${changes.join(' and ')}: if other software set it as it was typed, restore with restic itself (docs/restore-without-us.md)`;
}

/**
 * Refuses a password that could not be used at all, weak or not.
 * @throws AppError `invalid_input` saying which rule it breaks; never holds the password
 */
export function requireUsablePassword(password: string): void {
  const fault = formFault(password);
  if (fault) throw new AppError('invalid_input', fault, { field: 'password', hint: 'choose another one' });
}

function formFault(password: string): string | undefined {
  if (password === '') return 'the password is empty';
  if (CONTROL.test(password)) return 'the password holds a control character, such as a tab or a line break';
  if (password.trim() !== password) return 'the password begins or ends with white space';
  if (Buffer.byteLength(password) > LONGEST_PASSWORD_BYTES)
    return `the password is longer than ${LONGEST_PASSWORD_BYTES} bytes`;
  return undefined;
}
