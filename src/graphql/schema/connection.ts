import type { Context } from '../../context.ts';
import type { Cursor, Page, PageRequest } from '../../database/pagination.ts';
import { isUuid } from '../../domain/validation.ts';
import { badInput } from '../../errors.ts';

/** How many items all lists of one request may ask for together. */
export const itemLimit = 1000;

export const defaultPageSize = 25;
export const maximumPageSize = 100;

export const offsetDescription =
  'How many items to skip, 0 to 10,000: for clients that number their pages. Prefer cursors.';

type Optional<Value> = Value | null | undefined;

interface ConnectionArguments {
  first?: Optional<number>;
  last?: Optional<number>;
  after?: Optional<string>;
  before?: Optional<string>;
  offset?: Optional<number>;
}

/**
 * Reads the arguments of a Relay connection (https://relay.dev/graphql/connections.htm).
 * @param order names the order of the list: a cursor is valid only in the order in which it was made
 * @param context limits what all lists of a request ask for: the limits on documents do not see variables
 * @throws BAD_USER_INPUT
 */
export function readPageRequest(
  { first, last, after, before, offset }: ConnectionArguments,
  order: string,
  context: Pick<Context, 'itemsLeft'>,
): PageRequest {
  if (first != null && last != null) throw badInput('last', 'Give "first" or "last", not both.');
  const size = first ?? last ?? defaultPageSize;
  const field = last == null ? 'first' : 'last';
  if (size < 1 || size > maximumPageSize) throw badInput(field, `"${field}" must be from 1 to ${maximumPageSize}.`);
  context.itemsLeft -= size;
  if (context.itemsLeft < 0) throw badInput(field, `Ask for at most ${itemLimit} items at once.`);
  if (offset != null && (last ?? after ?? before) != null) throw badInput('offset', 'Use "offset" with "first" only.');
  if (offset != null && (offset < 0 || offset > 10_000))
    throw badInput('offset', '"offset" must skip from 0 to 10,000 items.');
  return {
    size,
    offset: offset ?? 0,
    backward: last != null,
    after: decodeCursor('after', after, order),
    before: decodeCursor('before', before, order),
  };
}

/** Makes a Relay connection of a page. `count` runs only where `totalCount` is asked for. */
export function toConnection<Row>(
  { rows, hasNextPage, hasPreviousPage }: Page<Row>,
  cursorOf: (row: Row) => Cursor,
  order: string,
  count: () => Promise<number>,
) {
  const edges = rows.map((node) => ({ node, cursor: encodeCursor(cursorOf(node), order) }));
  const [startCursor = null, endCursor = null] = [edges.at(0)?.cursor, edges.at(-1)?.cursor];
  return { edges, count, pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor } };
}

function encodeCursor({ date, id }: Cursor, order: string): string {
  return Buffer.from(`${order} ${Date.parse(date)} ${id}`).toString('base64url');
}

function decodeCursor(field: string, cursor: Optional<string>, order: string): Cursor | undefined {
  if (cursor == null) return undefined;
  const [cursorOrder, time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (cursorOrder === order && /^\d{1,14}$/.test(time) && isUuid(id)) {
    return { date: new Date(Number(time)).toISOString(), id };
  }
  throw badInput(field, `"${field}" must be a cursor from an earlier page of this list, in the same order.`);
}
