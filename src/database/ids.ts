import { randomUUIDv7 } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/**
 * Makes the id and the creation date of a new row. The id begins with that date, to the millisecond, so ordering by id is
 * ordering by date: newest-first lists need no index but the primary key. The tables refuse any other date.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
export function newIdentity(): { id: string; dateCreated: Date } {
  const id = randomUUIDv7();
  return { id, dateCreated: new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) };
}

/** The lowest id of any row that is created at `date` or later. */
export function lowestId(date: Date): string {
  const time = Math.max(0, date.getTime()).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/**
 * Each SQL text is prepared once, so a list is one parameter whatever its length. A single id gets `=`, which lets the
 * database follow an index in the order of the list.
 */
export function isOneOf(column: PgColumn, ids: readonly string[]) {
  return ids.length === 1 ? eq(column, ids[0]) : sql`${column} = any(${`{${ids.join()}}`}::uuid[])`;
}
