import * as Type from 'typebox';
import type { Static } from 'typebox';
import type { ErrorBody } from './errors.ts';
import { closed } from './schema.ts';

/** What the CLI writes to a secret channel, one line. `recovery` is the words joined by single spaces. */
export const SecretMessage = closed({
  password: Type.Optional(Type.String({ maxLength: 1024 })),
  recovery: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type SecretMessage = Static<typeof SecretMessage>;

/** What a helper answers there, one line: accepted, or why not. For `arm` and `key-replace` it comes when all is done. */
export const SecretVerdict = Type.Object({
  ok: Type.Boolean(),
  error: Type.Optional(Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() }))),
});
export type SecretVerdict = Static<typeof SecretVerdict>;
