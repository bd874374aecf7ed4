import type { Cursor } from '../../database/pagination.ts';
import { isUuid } from '../../domain/validation.ts';
import { badInput } from '../../errors.ts';

/** Writes the cursor of a row, which is valid only in the order of its list. */
export function encodeCursor({ date, id }: Cursor, order: string): string {
  return Buffer.from(`${order} ${Date.parse(date)} ${id}`).toString('base64url');
}

/** Reads the cursor that an input gives. @throws BAD_USER_INPUT */
export function decodeCursor(field: string, cursor: string, order: string): Cursor {
  const [cursorOrder, time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (cursorOrder === order && /^\d{1,14}$/.test(time) && isUuid(id)) {
    return { date: new Date(Number(time)).toISOString(), id };
  }
  throw badInput(field, `"${field}" must be a cursor from an earlier page of this list, in the same order.`);
}
