import { expect } from 'vitest';
import type { Outcome } from './system.ts';

/** What a person sees of a refusal: the thing named, a way out, and never what only programs read. */
export function expectRefusal(
  { code, stdout, stderr }: Outcome,
  wanted: number,
  ...texts: (string | RegExp)[]
): void {
  expect({ code, stderr }).toMatchObject({ code: wanted });
  const message = stderr.slice(stderr.indexOf('error: '));
  for (const text of texts) expect(message).toMatch(text);
  expect(message).toMatch(/^error: .+\nhint: .+/);
  expect(stdout + stderr).not.toMatch(/message_type|^\s*[{[]|at \S+ \(|\bE[A-Z]{5,}\b/m);
}
