import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/graphql/schema/cursor.ts';

const date = '2024-11-03T06:40:42.309Z';
const id = '0192f0c1-2345-7000-8000-000000000001';
const order = 'DATE_CREATED';

const refusal = expect.objectContaining({
  extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'before' }),
});

const encode = (text: string) => Buffer.from(text).toString('base64url');

test('a cursor carries its row', () => {
  expect(decodeCursor('after', encodeCursor({ date, id }, order), order)).toEqual({ date, id });
});

test('a cursor of another order is refused', () => {
  const cursor = encodeCursor({ date, id }, 'DATE_LAST_MODIFIED');
  expect(() => decodeCursor('before', cursor, order)).toThrow(refusal);
});

test.each([
  ['an empty string', ''],
  ['no base64', '%%%'],
  ['an order alone', encode(order)],
  ['no time', encode(`${order}  ${id}`)],
  ['a time that is no number', encode(`${order} now ${id}`)],
  ['a time below 0', encode(`${order} -1 ${id}`)],
  ['a time beyond all dates', encode(`${order} ${'9'.repeat(15)} ${id}`)],
  ['no id', encode(`${order} 1730616042309`)],
  ['an id that is none', encode(`${order} 1730616042309 1`)],
])('a cursor that holds %s is refused', (_what, cursor) => {
  expect(() => decodeCursor('before', cursor, order)).toThrow(refusal);
});
