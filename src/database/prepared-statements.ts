import { is, type Query } from 'drizzle-orm';
import { PgCustomColumn, type PgColumn } from 'drizzle-orm/pg-core';
import type { Orm } from './database.ts';

/** A select, and the type of its rows. */
interface Select<Row> {
  readonly _: { readonly result: Row[] };
  toSQL: () => Query;
}

/**
 * Prepares a select of columns by their names in its rows. Drizzle's own way looks at the kind of each column again for
 * each row, which takes as long as all else that it does.
 * @param limit how many rows at most. PostgreSQL plans a statement with a limit that is a parameter anew each time.
 */
export function prepareSelect<Row>(
  orm: Orm,
  select: Select<Row>,
  columns: Record<string, PgColumn>,
  name: string,
  limit?: number,
) {
  const readers = Object.entries(columns).map(([key, column], index) => ({
    key,
    index,
    read: is(column, PgCustomColumn) ? (value: unknown) => column.mapFromDriverValue(value) : undefined,
  }));

  function readRow(values: unknown[]): Row {
    const row: Record<string, unknown> = {};
    for (const { key, index, read } of readers) {
      const value = values[index];
      row[key] = read && value !== null ? read(value) : value;
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Drizzle takes the driver's word for it, too
    return row as Row;
  }

  const { session } = orm._;
  type Prepared = { execute: Row[]; all: unknown; values: unknown };
  const query = select.toSQL();
  if (limit !== undefined) query.sql += ` limit ${limit}`;
  return session.prepareQuery<Prepared>(query, undefined, name, true, (rows) => rows.map(readRow));
}
