import { and, asc, desc, sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Where a row is in a list that is ordered by id, which is by creation, or by another date and then by id. */
export interface Cursor {
  date: Date;
  id: string;
}

export interface PageRequest {
  /** The most rows on the page. */
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
  cursorOf: (row: Row) => Cursor;
}

/** Reads one page by keyset: it starts at the cursor through an index, so a page costs the same at any depth. */
export async function readPage<Row>(page: PageRequest, list: List<Row>): Promise<Page<Row>> {
  const { after, before, backward } = page;
  if (!backward) return readForward(list, { ...page, from: after, to: before });
  // The last rows are the first ones of the reversed list.
  const reversed = { ...list, descending: !list.descending };
  const { rows, hasNextPage, hasPreviousPage } = await readForward(reversed, { ...page, from: before, to: after });
  return { rows: rows.toReversed(), hasNextPage: hasPreviousPage, hasPreviousPage: hasNextPage };
}

interface Range {
  size: number;
  from: Cursor | undefined;
  to: Cursor | undefined;
  offset: number;
}

async function readForward<Row>(list: List<Row>, { size, from, to, offset }: Range): Promise<Page<Row>> {
  const { id, date, descending, filter, select, cursorOf } = list;
  const [before, after] = descending ? ['>', '<'] : ['<', '>'];
  const orderBy = (date ? [date, id] : [id]).map(descending ? desc : asc);
  const compare = (operator: string, cursor: Cursor) =>
    date
      ? sql`(${date}, ${id}) ${sql.raw(operator)} (${sql.param(cursor.date, date)}::timestamptz, ${cursor.id}::uuid)`
      : sql`${id} ${sql.raw(operator)} ${cursor.id}::uuid`;
  const exists = async (condition: SQL | undefined) => (await select(and(filter, condition), orderBy, 1)).length > 0;

  const inRange = and(filter, from && compare(`${after}=`, from), to && compare(before, to));
  const found = await select(inRange, orderBy, size + (from ? 2 : 1), offset);
  // Reading the cursor's row too shows for free that there is a previous page; if the row is gone, another query asks.
  const isFromThere = from !== undefined && found[0] !== undefined && isSame(cursorOf(found[0]), from);
  const rows = isFromThere ? found.slice(1) : found;
  const hasNextPage = rows.length > size || (to !== undefined && (await exists(compare(`${after}=`, to))));
  const isSkipped = offset > 0 && (rows.length > 0 || (await exists(undefined)));
  const hasPreviousPage = isSkipped || isFromThere || (from !== undefined && (await exists(compare(before, from))));
  return { rows: rows.slice(0, size), hasNextPage, hasPreviousPage };
}

function isSame(one: Cursor, other: Cursor): boolean {
  return one.id === other.id && one.date.getTime() === other.date.getTime();
}
