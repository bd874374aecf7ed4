import { expect, test } from 'vitest';
import { toPage, type PageRequest } from '../../src/database/pagination.ts';

const cursor = { date: '2026-01-31T08:30:00.000Z', id: '0192f0c1-2345-7000-8000-000000000001' };
const request: PageRequest = { size: 2, backward: false, after: undefined, before: undefined, offset: 0 };

test.each([
  ['the first of one page', {}, [1, 2], [1, 2], false, false],
  ['the first of several', {}, [1, 2, 3], [1, 2], false, true],
  ['behind a cursor', { after: cursor }, [3], [3], true, false],
  ['behind a cursor, of several', { after: cursor }, [3, 4, 5], [3, 4], true, true],
  ['behind a cursor, without rows', { after: cursor }, [], [], true, false],
  ['before a cursor', { before: cursor }, [1, 2], [1, 2], false, true],
  ['behind an offset', { offset: 3 }, [4], [4], true, false],
  ['the last of one page', { backward: true }, [2, 1], [1, 2], false, false],
  ['the last of several', { backward: true }, [9, 8, 7], [8, 9], true, false],
  ['the last before a cursor', { backward: true, before: cursor }, [7, 6, 5], [6, 7], true, true],
  ['the last between two cursors', { backward: true, after: cursor, before: cursor }, [7], [7], true, true],
] as const)('a page: %s', (_which, changes, selected, rows, hasPreviousPage, hasNextPage) => {
  expect(toPage({ ...request, ...changes }, [...selected])).toEqual({ rows, hasPreviousPage, hasNextPage });
});
