import { sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { readPage, type PageRequest } from '../../src/database/pagination.ts';
import { aiSessions } from '../../src/database/tables.ts';

interface Row {
  id: string;
  date: string;
}

const rowOf = (number: number): Row => ({ id: `id ${number}`, date: `date ${number}` });
const rowsTo = (count: number) => Array.from({ length: count }, (_, index) => rowOf(index + 1));
const written = (parts: Parameters<typeof sql.join>[0]) => new PgDialect().sqlToQuery(sql.join(parts, sql`, `)).sql;

/** Reads a page of a list that has these rows from where the page begins; answers the statement that came first, too. */
async function read(request: Partial<PageRequest>, rows: Row[], hasDate = false, descending = true) {
  const page = { size: 3, backward: false, after: undefined, before: undefined, offset: 0, ...request };
  const statements: { where: string; orderBy: string; values: object }[] = [];
  const result = await readPage<Row>(page, {
    id: aiSessions.id,
    date: hasDate ? aiSessions.dateLastModified : undefined,
    descending,
    async select({ where, orderBy }, values) {
      statements.push({ where: where ? written([where]) : '', orderBy: written(orderBy), values });
      return rows.slice(0, Number(values['limit']));
    },
    cursorOf: ({ id, date }) => ({ id, date }),
  });
  return { ...result, first: statements[0] };
}

describe('a page from the start of a list', () => {
  test.each([
    [0, 0, false],
    [2, 2, false],
    [3, 3, false],
    [4, 3, true],
    [9, 3, true],
  ])('of %d rows has %d, and tells whether more come', async (count, onPage, hasNextPage) => {
    expect(await read({}, rowsTo(count))).toMatchObject({ rows: rowsTo(onPage), hasNextPage, hasPreviousPage: false });
  });

  test('reads one row more than it has, in the order of the list', async () => {
    const { first } = await read({}, rowsTo(9));
    expect(first?.where).toBe('');
    expect(first?.orderBy).toBe('"ai_sessions"."id" desc');
    expect(first?.values).toMatchObject({ limit: 4, offset: 0 });
  });
});

describe('a page from the end of a list', () => {
  test('has the last rows in the order of the list, and tells whether others come before', async () => {
    const page = await read({ backward: true }, [rowOf(9), rowOf(8), rowOf(7), rowOf(6)]);
    expect(page.rows).toEqual([rowOf(7), rowOf(8), rowOf(9)]);
    expect(page).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  test('reads the list in the reverse order', async () => {
    expect((await read({ backward: true }, [])).first?.orderBy).toBe('"ai_sessions"."id" asc');
    expect((await read({ backward: true }, [], false, false)).first?.orderBy).toBe('"ai_sessions"."id" desc');
  });
});

describe('a page behind a cursor', () => {
  const after = rowOf(0);

  test.each([
    ['ascending', false, '>'],
    ['descending', true, '<'],
  ])('compares ids, in a list that is %s by id', async (_order, descending, operator) => {
    const { first } = await read({ after }, rowsTo(9), false, descending);
    expect(first?.where).toMatch(new RegExp(`^"ai_sessions"."id" ${operator}=? \\$1::uuid$`));
    expect(Object.values(first?.values ?? {})).toContain('id 0');
  });

  test('compares dates and ids together, in a list by date', async () => {
    const { first } = await read({ after }, rowsTo(9), true);
    expect(first?.orderBy).toBe('"ai_sessions"."date_last_modified" desc, "ai_sessions"."id" desc');
    expect(first?.where).toMatch(/^\("ai_sessions"\."date_last_modified", "ai_sessions"\."id"\) <=? \(\$1::/);
    expect(Object.values(first?.values ?? {})).toEqual(expect.arrayContaining(['date 0', 'id 0']));
  });

  test('has a previous page', async () => {
    expect(await read({ after }, rowsTo(9))).toMatchObject({
      rows: rowsTo(3),
      hasNextPage: true,
      hasPreviousPage: true,
    });
  });

  test('ends before another cursor', async () => {
    const { first } = await read({ after, before: rowOf(8) }, rowsTo(9));
    expect(first?.where).toMatch(/"id" <=? \$1::uuid and "ai_sessions"\."id" > \$2::uuid/);
  });
});

test('a page that skips rows has a previous page', async () => {
  const page = await read({ offset: 7 }, rowsTo(2));
  expect(page).toMatchObject({ rows: rowsTo(2), hasNextPage: false, hasPreviousPage: true });
  expect(page.first?.values).toMatchObject({ offset: 7 });
});
