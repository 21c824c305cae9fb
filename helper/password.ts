import { AppError } from '../contract/errors.ts';

const LIMIT_BYTES = 1024;

/**
 * A typed secret as restic gets it. Text that looks alike but is composed differently would be another password, so it is
 * normalised (NFC); outer white space restic would drop when it reads a file, but not elsewhere, so it is refused.
 * @throws AppError `invalid_input` that never repeats the secret
 */
export function passwordBytes(
  text: string | undefined,
  name: 'password' | 'recovery words' = 'password',
): Buffer {
  const password = text?.normalize('NFC') ?? '';
  const fault = faultOf(password);
  if (fault)
    throw new AppError('invalid_input', `the ${name} ${fault}`, { field: 'password', retry: 'after_action' });
  return Buffer.from(password, 'utf8');
}

function faultOf(password: string): string | undefined {
  if (password === '') return 'must not be empty';
  if (password.trim() !== password) return 'must not begin or end with a space';
  if (/[\u0000-\u001f\u007f-\u009f]/.test(password)) return 'must not hold control characters';
  if (Buffer.byteLength(password) > LIMIT_BYTES) return `must not be longer than ${LIMIT_BYTES} bytes`;
  return undefined;
}
