import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/graphql/schema/cursor.ts';

const date = '2024-11-03T06:40:42.309Z';
const id = '0192f0c1-2345-7000-8000-000000000001';
const order = 'DATE_CREATED';

const refusal = expect.objectContaining({
  extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'before' }),
});

test('a cursor carries its row', () => {
  expect(decodeCursor('after', encodeCursor({ date, id }, order), order)).toEqual({ date, id });
});

test('a cursor of another order is refused', () => {
  const cursor = encodeCursor({ date, id }, 'DATE_LAST_MODIFIED');
  expect(() => decodeCursor('before', cursor, order)).toThrow(refusal);
});

test.each([
  ['an empty string', ''],
  ['no cursor', '%%%'],
  ['an order alone', order],
  ['no date', `${order}//${id}`],
  ['a date that is none', `${order}/now/${id}`],
  ['a number for a date', `${order}/1730616042309/${id}`],
  ['a day that is none', `${order}/2024-02-30T06:40:42.309Z/${id}`],
  ['a date beyond all dates', `${order}/+300000-01-01T00:00:00.000Z/${id}`],
  ['no id', `${order}/${date}`],
  ['an id that is none', `${order}/${date}/1`],
  ['more than an id', `${order}/${date}/${id}/1`],
])('a cursor that holds %s is refused', (_what, cursor) => {
  expect(() => decodeCursor('before', cursor, order)).toThrow(refusal);
});
