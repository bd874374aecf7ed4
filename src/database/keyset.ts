import { and, asc, desc, sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Where a row stands in a list that is ordered by its id, which is by its creation, or by another date and then its id. */
export interface Position {
  date: Date;
  id: string;
}

export interface PageRequest {
  /** The most rows on the page. */
  size: number;
  /** Take the last rows instead of the first. */
  backward: boolean;
  after: Position | undefined;
  before: Position | undefined;
  /** How many rows to skip, which costs reading them; only without positions. */
  offset: number;
}

export interface Page<Row> {
  rows: Row[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

interface List<Row> {
  id: PgColumn;
  /** What the list is ordered by before the id. */
  date: PgColumn | undefined;
  descending: boolean;
  filter: SQL | undefined;
  select: (where: SQL | undefined, orderBy: SQL[], limit: number, offset?: number) => Promise<Row[]>;
  positionOf: (row: Row) => Position;
}

/**
 * Reads one page by keyset: it starts at the cursor through an index, so that it costs the same at any depth. The row of
 * the cursor is read along, which tells for nothing that there is a page behind; only where it is gone is that asked.
 */
export async function readPage<Row>(
  { size, backward, after, before, offset }: PageRequest,
  list: List<Row>,
): Promise<Page<Row>> {
  const { date, id } = list;
  const downwards = list.descending !== backward;
  const [start, end] = backward ? [before, after] : [after, before];
  const [ahead, behind] = downwards ? ['<', '>'] : ['>', '<'];
  const orderBy = (date ? [date, id] : [id]).map(downwards ? desc : asc);
  const compare = (operator: string, to: Position | undefined) => {
    if (!to) return undefined;
    const is = sql.raw(operator);
    return date
      ? sql`(${date}, ${id}) ${is} (${sql.param(to.date, date)}::timestamptz, ${to.id}::uuid)`
      : sql`${id} ${is} ${to.id}::uuid`;
  };
  const exists = async (operator: string, to: Position) =>
    (await list.select(and(list.filter, compare(operator, to)), orderBy, 1)).length > 0;

  const where = and(list.filter, compare(`${ahead}=`, start), compare(behind, end));
  const rows = await list.select(where, orderBy, size + (start ? 2 : 1), offset);
  const startRow = start && rows[0] && isSame(list.positionOf(rows[0]), start) ? rows.shift() : undefined;
  const moreAhead = rows.length > size || (end !== undefined && (await exists(`${ahead}=`, end)));
  const isSkipped = offset > 0 && (rows.length > 0 || (await list.select(list.filter, orderBy, 1)).length > 0);
  const moreBehind = isSkipped || startRow !== undefined || (start !== undefined && (await exists(behind, start)));
  rows.splice(size);
  return backward
    ? { rows: rows.toReversed(), hasNextPage: moreBehind, hasPreviousPage: moreAhead }
    : { rows, hasNextPage: moreAhead, hasPreviousPage: moreBehind };
}

function isSame(one: Position, other: Position): boolean {
  return one.id === other.id && one.date.getTime() === other.date.getTime();
}
