import * as Type from 'typebox';
import type { Static, TSchema } from 'typebox';
// Not `typebox/compile`: that brings conversion and defaults along, and every program pays for loading them.
import { Check, Compile, Errors, type Validator } from 'typebox/schema';
import { AppError } from './errors.ts';
import { cleanText } from './text.ts';

/** A plain object in which unknown fields are refused: for what people and Space send us. */
export const closed = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

/** Milliseconds since 1970 UTC. */
export const EpochMs = Type.Integer({ minimum: 0 });
export const Bytes = Type.Integer({ minimum: 0 });
export const Count = Type.Integer({ minimum: 0 });
export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
});
/** restic's full id of a snapshot, repository or key. */
export const ResticId = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** A checker that answers with the value, typed, or with the first fault in words. */
export interface Parser<T> {
  readonly schema: TSchema;
  check(value: unknown): value is T;
  /**
   * @param what names the value in the error, e.g. `request body`
   * @throws AppError `invalid_input` naming the field, its value and what is allowed there
   */
  parse(value: unknown, what: string): T;
}

/** Compiles lazily: a process pays only for the schemas it uses. */
export function parser<S extends TSchema>(schema: S): Parser<Static<S>> {
  let compiled: Checker | undefined;
  return parserOf(schema, () => (compiled ??= Compile(schema)));
}

/** For what a process reads once or twice: compiling takes longer than many checks. */
export const rareParser = <S extends TSchema>(schema: S): Parser<Static<S>> =>
  parserOf(schema, () => ({
    Check: (value) => Check(schema, value),
    Errors: (value) => Errors(schema, value),
  }));

interface Checker {
  Check(value: unknown): boolean;
  Errors(value: unknown): ReturnType<Validator['Errors']>;
}

function parserOf<S extends TSchema>(schema: S, get: () => Checker): Parser<Static<S>> {
  const check = (value: unknown): value is Static<S> => get().Check(value);
  return {
    schema,
    check,
    parse(value, what) {
      if (check(value)) return value;
      throw schemaError(get().Errors(value)[1][0], value, what);
    },
  };
}

interface SchemaFault {
  readonly instancePath: string;
  readonly message: string;
  readonly keyword: string;
  readonly params: object;
}

/** How the schema library words a field that a closed object refuses. */
const UNKNOWN_FIELD = 'schema is false';

function schemaError(fault: SchemaFault | undefined, value: unknown, what: string): AppError {
  if (!fault) return new AppError('invalid_input', `${what} is not valid`);
  const path = fault.instancePath
    .split('/')
    .slice(1)
    .map((name) => name.slice(0, 100));
  if (fault.message === UNKNOWN_FIELD) {
    const field = cleanText(path.join('.'));
    return new AppError('invalid_input', `${what} has an unknown field "${field}"`, {
      field,
      hint: 'remove or correct it',
    });
  }
  const missing = missingFields(fault.params);
  if (missing.length > 0) {
    const field = [...path, missing[0]].join('.');
    return new AppError('invalid_input', `${what} lacks the field "${field}"`, { field });
  }
  const field = cleanText(path.join('.')) || what;
  const found = shortValue(valueAt(value, path));
  return new AppError('invalid_input', `${what}: "${field}" is ${found}, but ${fault.message}`, { field });
}

function missingFields(params: object): readonly string[] {
  return 'requiredProperties' in params && Array.isArray(params.requiredProperties)
    ? params.requiredProperties
    : [];
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

function shortValue(value: unknown): string {
  // JSON escapes only some of the characters that drive a terminal.
  const text = cleanText(JSON.stringify(value) ?? 'missing', 1000);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
