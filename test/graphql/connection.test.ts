import { describe, expect, test } from 'vitest';
import { CodedError } from '../../src/errors.ts';
import { readPageRequest, toConnection } from '../../src/graphql/schema/connection.ts';
import { encodeCursor } from '../../src/graphql/schema/cursor.ts';

const date = '2024-11-03T06:40:42.309Z';
const id = '0192f0c1-2345-7000-8000-000000000001';
const order = 'DATE_CREATED';

const read = (given: Parameters<typeof readPageRequest>[0], itemsLeft = 1000) =>
  readPageRequest(given, order, { itemsLeft });

const refusalOf = (field: string) =>
  expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', field }) });

describe('the arguments of a connection', () => {
  test('ask for the first 25 without any', () => {
    expect(read({})).toEqual({ size: 25, backward: false, after: undefined, before: undefined, offset: 0 });
    const nothing = { first: null, last: null, after: null, before: null, offset: null };
    expect(read(nothing)).toEqual(read({}));
  });

  test.each([
    [{ first: 1 }, { size: 1, backward: false }],
    [{ first: 100 }, { size: 100, backward: false }],
    [{ last: 7 }, { size: 7, backward: true }],
    [
      { first: 7, offset: 10_000 },
      { size: 7, offset: 10_000 },
    ],
  ])('%j ask for what they say', (given, expected) => {
    expect(read(given)).toMatchObject(expected);
  });

  test('carry the row of a cursor', () => {
    const cursor = encodeCursor({ id, date }, order);
    expect(read({ after: cursor }).after).toEqual({ date, id });
    expect(read({ last: 1, before: cursor }).before).toEqual({ date, id });
  });

  test.each([
    ['last', { first: 1, last: 1 }],
    ['first', { first: 0 }],
    ['first', { first: 101 }],
    ['last', { last: -1 }],
    ['last', { last: 101 }],
    ['after', { after: 'x' }],
    ['before', { before: 'x' }],
    ['offset', { offset: -1 }],
    ['offset', { offset: 10_001 }],
    ['offset', { offset: 1, last: 1 }],
    ['offset', { offset: 1, after: 'x' }],
    ['offset', { offset: 1, before: 'x' }],
  ])('are refused at %s: %j', (field, given) => {
    expect(() => read(given)).toThrow(refusalOf(field));
  });

  test('may ask for so many items in all lists of a request, and not for more', () => {
    const context = { itemsLeft: 150 };
    readPageRequest({ first: 100 }, order, context);
    readPageRequest({ last: 50 }, order, context);
    expect(context.itemsLeft).toBe(0);
    expect(() => readPageRequest({ first: 1 }, order, context)).toThrow(CodedError);
  });
});

describe('a connection', () => {
  const rows = ['1', '2', '3'].map((end) => ({ id: id.slice(0, -1) + end, date }));

  test('has an edge for each row, and the cursors of the first and the last', () => {
    const page = { rows, hasNextPage: true, hasPreviousPage: false };
    const { edges, pageInfo } = toConnection(
      page,
      (row) => row,
      order,
      async () => 3,
    );
    expect(edges.map(({ node }) => node)).toEqual(rows);
    expect(edges.map(({ cursor }) => read({ after: cursor }).after)).toEqual(rows);
    const [startCursor, endCursor] = [edges[0]?.cursor, edges[2]?.cursor];
    expect(pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor, endCursor });
  });

  test('without rows has no cursors', () => {
    const page = { rows: [], hasNextPage: false, hasPreviousPage: true };
    const { edges, pageInfo } = toConnection(
      page,
      (row) => row,
      order,
      async () => 0,
    );
    expect(edges).toEqual([]);
    expect(pageInfo).toMatchObject({ startCursor: null, endCursor: null });
  });
});
