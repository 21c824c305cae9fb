import type { Database, Statement } from 'better-sqlite3';

/**
 * How a field is kept. json: always text, so that JSON's null is a value. jsonOrNull: null is SQL's NULL.
 */
export type ColumnKind = 'plain' | 'boolean' | 'json' | 'jsonOrNull';

export type Columns<Row> = { readonly [Field in keyof Row & string]-?: ColumnKind };

type DbRow = Record<string, unknown>;

/** One table: camelCase fields of `Row` against snake_case columns, with prepared statements. */
export interface RowTable<Row> {
  insert(row: Row): void;
  /** @returns false when the row would break a unique rule; then nothing is written */
  insertIfNew(row: Row): boolean;
  /** Changes the row with this key; a field that is undefined stays as it is. */
  update(key: string, change: Partial<Row>): void;
  remove(key: string): void;
  first(tail: string, ...values: unknown[]): Row | undefined;
  /** @param tail SQL after `SELECT … FROM table`, fixed text; values only by `?` */
  all(tail: string, ...values: unknown[]): Row[];
}

export interface RowTableOptions<Row> {
  readonly db: Database;
  readonly name: string;
  readonly key: keyof Row & string;
  readonly columns: Columns<Row>;
}

export function createRowTable<Row extends object>(options: RowTableOptions<Row>): RowTable<Row> {
  const { db, name, columns } = options;
  const fields = Object.keys(columns);
  const key = snakeCase(options.key);
  const prepared = new Map<string, Statement>();
  const statement = (sql: string): Statement => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const write = (sql: string, ...values: unknown[]) => {
    assertInCommit(db);
    return statement(sql).run(...values);
  };
  const names = fields.map(snakeCase).join(', ');
  const values = `(${names}) VALUES (${fields.map((field) => `@${field}`).join(', ')})`;
  const select = (tail: string) => statement(`SELECT ${names} FROM ${name} ${tail}`);
  const decode = (row: unknown): Row => decodeRow(columns, row as DbRow);

  return {
    insert: (row) => void write(`INSERT INTO ${name} ${values}`, encodeRow(columns, row)),
    insertIfNew: (row) =>
      write(`INSERT INTO ${name} ${values} ON CONFLICT DO NOTHING`, encodeRow(columns, row)).changes > 0,
    update(rowKey, change) {
      const encoded = encodeRow(columns, change);
      const sets = Object.keys(encoded).map((field) => `${snakeCase(field)} = @${field}`);
      if (sets.length === 0) return;
      write(`UPDATE ${name} SET ${sets.join(', ')} WHERE ${key} = @rowKey`, { ...encoded, rowKey });
    },
    remove: (rowKey) => void write(`DELETE FROM ${name} WHERE ${key} = ?`, rowKey),
    first(tail, ...parameters) {
      const row = select(tail).get(...parameters);
      return row === undefined ? undefined : decode(row);
    },
    all: (tail, ...parameters) =>
      select(tail)
        .all(...parameters)
        .map(decode),
  };
}

/** A write outside of a commit would stand without its event. */
export function assertInCommit(db: Database): void {
  if (!db.inTransaction) throw new Error('a write outside of store.commit');
}

function encodeRow<Row extends object>(columns: Columns<Row>, row: Partial<Row>): DbRow {
  const encoded: DbRow = {};
  for (const [field, value] of Object.entries(row)) {
    const kind = (columns as Record<string, ColumnKind>)[field];
    if (kind === undefined) throw new Error(`no column for ${field}`);
    if (value !== undefined || kind === 'json') encoded[field] = encodeValue(kind, value);
  }
  return encoded;
}

function encodeValue(kind: ColumnKind, value: unknown): unknown {
  if (kind === 'boolean') return value ? 1 : 0;
  if (kind === 'json') return JSON.stringify(value ?? null);
  if (kind === 'jsonOrNull') return value === null ? null : JSON.stringify(value);
  return value;
}

function decodeRow<Row extends object>(columns: Columns<Row>, row: DbRow): Row {
  const entries = Object.entries<ColumnKind>(columns).map(([field, kind]) => [
    field,
    decodeValue(kind, row[snakeCase(field)]),
  ]);
  return Object.fromEntries(entries) as Row;
}

function decodeValue(kind: ColumnKind, value: unknown): unknown {
  if (kind === 'plain') return value;
  if (kind === 'boolean') return value === 1;
  return value === null ? null : JSON.parse(value as string);
}

const snakeCase = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
