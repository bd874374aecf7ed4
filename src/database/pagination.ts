import { and, asc, desc, sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Where a row is in a list that is ordered by id, which is by creation, or by another date and then by id. */
export interface Cursor {
  /** As ISO 8601 text. */
  date: string;
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

/** A statement that reads rows of a list. Those of one name differ in nothing but the values of their placeholders. */
export interface ListStatement {
  name: string;
  where: SQL | undefined;
  orderBy: SQL[];
}

/** The values of a statement's placeholders: `limit`, `offset`, and those in its conditions. */
export type Values = Record<string, string | number>;

interface List<Row> {
  id: PgColumn;
  /** What the list is ordered by before the id. */
  date: PgColumn | undefined;
  descending: boolean;
  /** Reads those rows of the list that the statement asks for. */
  select: (statement: ListStatement, values: Values) => Promise<Row[]>;
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
  const [before, after] = list.descending ? ['>', '<'] : ['<', '>'];
  const exists = async (bound?: Bound) => (await select(list, [bound], 1)).length > 0;

  const range = [from && { operator: `${after}=`, cursor: from }, to && { operator: before, cursor: to }];
  const found = await select(list, range, size + (from ? 2 : 1), offset);
  // Reading the cursor's row too shows for free that there is a previous page; if the row is gone, another query asks.
  const isFromThere = from !== undefined && found[0] !== undefined && isSame(list.cursorOf(found[0]), from);
  const rows = isFromThere ? found.slice(1) : found;
  const hasNextPage = rows.length > size || (to !== undefined && (await exists({ operator: `${after}=`, cursor: to })));
  const isSkipped = offset > 0 && (rows.length > 0 || (await exists()));
  const hasPreviousPage =
    isSkipped || isFromThere || (from !== undefined && (await exists({ operator: before, cursor: from })));
  return { rows: rows.slice(0, size), hasNextPage, hasPreviousPage };
}

interface Bound {
  operator: string;
  cursor: Cursor;
}

/** Selects the rows of a list within bounds. */
function select<Row>(
  { id, date, descending, select: selectRows }: List<Row>,
  bounds: (Bound | undefined)[],
  limit: number,
  offset = 0,
): Promise<Row[]> {
  const given = bounds.filter((bound) => bound !== undefined);
  const values: Values = { limit, offset };
  for (const [index, { cursor }] of given.entries()) {
    if (date) values[`date${index}`] = cursor.date;
    values[`id${index}`] = cursor.id;
  }
  const compare = ({ operator }: Bound, index: number) => {
    const cursorId = sql`${sql.placeholder(`id${index}`)}::uuid`;
    if (!date) return sql`${id} ${sql.raw(operator)} ${cursorId}`;
    return sql`(${date}, ${id}) ${sql.raw(operator)} (${sql.placeholder(`date${index}`)}::timestamptz, ${cursorId})`;
  };
  const statement = {
    name: `${date?.name} ${descending} ${given.map(({ operator }) => operator).join()}`,
    where: and(...given.map(compare)),
    orderBy: (date ? [date, id] : [id]).map(descending ? desc : asc),
  };
  return selectRows(statement, values);
}

function isSame(one: Cursor, other: Cursor): boolean {
  return one.id === other.id && one.date === other.date;
}
