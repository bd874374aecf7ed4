import type { DefaultConnectionArguments } from '@pothos/plugin-relay';
import type { Context } from '../../context.ts';
import type { Cursor, Page, PageRequest } from '../../database/pagination.ts';
import { defaultPageSize, ifGiven, maximumOffset, maximumPageSize, type Optional } from '../../domain/validation.ts';
import { badInput } from '../../errors.ts';
import { builder } from './builder.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

/** How many items all lists of one request may ask for together. */
export const itemLimit = 1000;

const range = `0 to ${maximumOffset.toLocaleString('en')}`;

export const offsetDescription = `How many items to skip, ${range}: for clients that number their pages. \
Prefer cursors.`;

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of a list comes first.',
  values: { ASC: { description: 'The oldest first.' }, DESC: { description: 'The newest first.' } },
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    nullable: false,
    description: 'How many items the whole list has. Counted only where it is asked for.',
    resolve: ({ count }) => count(),
  }),
);

interface ConnectionArguments extends DefaultConnectionArguments {
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
  if (offset != null && (offset < 0 || offset > maximumOffset))
    throw badInput('offset', `"offset" must skip from ${range} items.`);
  return {
    size,
    offset: offset ?? 0,
    backward: last != null,
    after: ifGiven(after, (cursor) => decodeCursor('after', cursor, order)),
    before: ifGiven(before, (cursor) => decodeCursor('before', cursor, order)),
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
