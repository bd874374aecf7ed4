import { and, asc, desc, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Where a row is in a list that is ordered by id, which is by creation, or by another date and then by id. */
export interface Cursor {
  /** As ISO 8601 text. */
  date: string;
  id: string;
}

export interface PageRequest {
  /** The maximum number of rows on the page. */
  size: number;
  /** Take the last rows instead of the first. */
  backward: boolean;
  after: Cursor | undefined;
  before: Cursor | undefined;
  /** How many rows to skip, each of which the database reads. Not together with a cursor. */
  offset: number;
}

export interface Page<Row> {
  rows: Row[];
  /** Also true before a cursor, though the rows from there on may be gone. */
  hasNextPage: boolean;
  /** Also true behind a cursor or an offset. */
  hasPreviousPage: boolean;
}

/** What a list is ordered by: another date before the id, if there is one. */
export interface ListOrder {
  id: PgColumn;
  date: PgColumn | undefined;
  descending: boolean;
}

export type PageSelection = ReturnType<typeof selectPage>;

/**
 * Selects one page by keyset: it starts at the cursor through an index, so a page costs the same at any depth. One row
 * more than the page holds tells whether there is another page.
 * @returns the parts of the statement that selects the rows for `toPage`, with placeholders, and their values
 */
export function selectPage(request: PageRequest, { id, date, descending }: ListOrder) {
  const { size, backward, after, before, offset } = request;
  const columns = date ? [date, id] : [id];
  const [later, earlier] = descending ? ['<', '>'] : ['>', '<'];
  const compare = (operator: string, cursor: 'after' | 'before') => {
    const comparison = sql.raw(operator);
    const cursorId = sql`${sql.placeholder(`${cursor}Id`)}::uuid`;
    if (!date) return sql`${id} ${comparison} ${cursorId}`;
    return sql`(${date}, ${id}) ${comparison} (${sql.placeholder(`${cursor}Date`)}::timestamptz, ${cursorId})`;
  };
  return {
    where: and(after && compare(later, 'after'), before && compare(earlier, 'before')),
    // The last rows are the first ones of the reversed list.
    orderBy: columns.map(descending === backward ? asc : desc),
    limit: sql.placeholder('limit'),
    offset: sql.placeholder('offset'),
    values: {
      ...(after && { afterId: after.id, afterDate: after.date }),
      ...(before && { beforeId: before.id, beforeDate: before.date }),
      limit: size + 1,
      offset,
    },
  };
}

/** Makes the page out of the rows that its `PageSelection` selects. */
export function toPage<Row>({ size, backward, after, before, offset }: PageRequest, selected: Row[]): Page<Row> {
  const rows = selected.slice(0, size);
  const hasMore = selected.length > size;
  return {
    rows: backward ? rows.toReversed() : rows,
    hasNextPage: before !== undefined || (!backward && hasMore),
    hasPreviousPage: after !== undefined || offset > 0 || (backward && hasMore),
  };
}
