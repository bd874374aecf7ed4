import { expect, test } from 'vitest';
import {
  changed,
  checkMadeUp,
  create,
  deleted,
  first,
  firstKey,
  found,
  list,
  patch,
  read,
  remove,
  second,
  unknown,
  type MadeUpHistory,
} from './made-up-history.ts';
import type { Request } from './operation.ts';

const isMissing = 'lost: the session id 1 is missing, and nobody deleted it';
const isBack = 'contradiction: the session id 1 is there after it was deleted';
const isStale = 'contradiction: the session id 1 has a purpose that was overwritten';

const created = ({ add }: MadeUpHistory) => add(create(), found(first));

function deletedOnce(history: MadeUpHistory): void {
  created(history);
  history.add(remove(), deleted());
}

test.each<[string, Request]>([
  ['read', read()],
  ['retry', create()],
  ['list', list('id 1')],
])('finds a session that is back in a %s after its deletion', (_name, request) => {
  const faults = checkMadeUp((history) => {
    deletedOnce(history);
    history.add(request, found(first));
  });
  expect(faults).toEqual([isBack]);
});

test('finds a session that is back in the database, and one that is deleted twice', () => {
  expect(checkMadeUp(deletedOnce, { sessions: [first], keys: [firstKey] })).toEqual([isBack]);
  const twice = checkMadeUp((history) => {
    deletedOnce(history);
    history.add(remove(), deleted());
  });
  expect(twice).toEqual(['contradiction: the session id 1 is deleted twice']);
});

test('finds a purpose that was overwritten, or is read too early', () => {
  const stale = checkMadeUp(({ add }) => {
    add(create(), found(first));
    add(patch('changed'), found(changed));
    add(read(), found(first));
  });
  expect(stale).toEqual([isStale]);
  const backwards = checkMadeUp(({ add }) => {
    add(create(), found(first));
    add(patch('changed'), unknown, { invoked: 100, completed: 500 });
    add(read(), found(changed), { invoked: 110, completed: 120 });
    add(read(), found(first), { invoked: 130, completed: 140 });
  });
  expect(backwards).toEqual([isStale]);
  const early = checkMadeUp(({ add }) => {
    add(create(), found(first));
    add(read(), found(changed), { invoked: 20, completed: 30 });
    add(patch('changed'), found(changed), { invoked: 40, completed: 50 });
  });
  expect(early).toEqual(['contradiction: the session id 1 has a purpose before it was written']);
});

test('finds what the database at the end does not explain', () => {
  expect(checkMadeUp(created, { sessions: [], keys: [firstKey] })).toEqual([isMissing]);
  expect(checkMadeUp(created, { sessions: [first, second], keys: [firstKey] })).toEqual([
    'doubled: nobody created the session id 2',
  ]);
  const otherKey = { user: 'bob', key: 'key 9', sessionId: 'id 1' };
  expect(checkMadeUp(created, { sessions: [first], keys: [firstKey, otherKey] })).toContain(
    'doubled: the session id 1 belongs to 2 keys',
  );
});
