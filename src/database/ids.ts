// Importing it by name would fail on an older Node.js before that can say in words that it is too old.
import crypto from 'node:crypto';
import { sql, type Placeholder } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/**
 * Makes the id and the creation date of a new row. The id begins with that date, to the millisecond, so ordering by id
 * is ordering by date: newest-first lists need no index but the primary key. The tables refuse any other date.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
export function newIdentity(): { id: string; dateCreated: string } {
  const id = crypto.randomUUIDv7();
  return { id, dateCreated: new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString() };
}

/** The lowest id of any row that is created at `date` or later. */
export function lowestId(date: Date): string {
  const time = Math.max(0, date.getTime()).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/**
 * Whether a column is one of the ids of an `idList`. Each SQL text is prepared once, so a list is one parameter
 * whatever its length.
 */
export function idIn(column: PgColumn, ids: string | Placeholder) {
  return sql`${column} = any(${ids}::uuid[])`;
}

/** Puts rows in the order of ids; null stands for an id that no row has. */
export function orderByIds<Row extends { id: string }>(ids: readonly string[], rows: Row[]): (Row | null)[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Writes ids as PostgreSQL's text of an array. */
export function idList(ids: readonly string[]): string {
  return `{${ids.join()}}`;
}
