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
  makeSession,
  missing,
  newest,
  patch,
  read,
  refused,
  remove,
  second,
  unknown,
  type MadeUpHistory,
} from './made-up-history.ts';

const changedAgain = makeSession({ purpose: 'again', dateLastModified: changed.dateLastModified });

test('a right history passes', () => {
  const faults = checkMadeUp(
    ({ add }) => {
      add(create(), unknown);
      add(create(), found(first));
      add(create(), found(first));
      add(read(), found(first));
      add(create('key 1', 'misused'), refused('IDEMPOTENCY_KEY_REUSED'));
      add(patch('changed'), found(changed));
      add(read(), found(changed));
      add(create(), found(changed));
      add(patch('again'), unknown);
      add(read(), found(changed));
      add(read(), found(changedAgain));
      add(create('key 2', 'second'), found(second));
      add(list('id 1', 'id 2'), found(second, changedAgain));
      add(newest(1), found(second));
      add(remove(), unknown);
      add(remove(), refused('NOT_FOUND'));
      add(read(), missing);
      add({ action: 'read', by: 'REST', id: 'id 1' }, refused('NOT_FOUND'));
      add(patch('late'), refused('NOT_FOUND'));
      add(create(), refused('IDEMPOTENCY_KEY_REUSED'));
      add(newest(5), found(second));
      add(create('key 3', 'third'), unknown, { completed: Infinity });
    },
    {
      sessions: [second, makeSession({ id: 'id 3', purpose: 'third' })],
      keys: [
        firstKey,
        { user: 'alice', key: 'key 2', sessionId: 'id 2' },
        { user: 'alice', key: 'key 3', sessionId: 'id 3' },
      ],
    },
  );
  expect(faults).toEqual([]);
});

test('answers that overlap may come in any order', () => {
  const faults = checkMadeUp(({ add }) => {
    add(create(), found(first), { invoked: 0, completed: 100 });
    add(read(), missing, { invoked: 10, completed: 20 });
    add(patch('changed'), found(changed), { invoked: 110, completed: 200 });
    add(read(), found(first), { invoked: 120, completed: 130 });
    add(read(), found(changed), { invoked: 140, completed: 150 });
    add(remove(), deleted(), { invoked: 210, completed: 300 });
    add(read(), found(changed), { invoked: 220, completed: 290 });
    add(read(), missing, { invoked: 220, completed: 290 });
  });
  expect(faults).toEqual([]);
});

const isMissing = 'lost: the session id 1 is missing, and nobody deleted it';

test.each<[string, string, (history: MadeUpHistory) => void]>([
  ['a read that misses', isMissing, ({ add }) => add(read(), missing)],
  ['a list that misses', isMissing, ({ add }) => add(list('id 1'), missing)],
  [
    'a REST read that misses',
    isMissing,
    ({ add }) => add({ action: 'read', by: 'REST', id: 'id 1' }, refused('NOT_FOUND')),
  ],
  ['a change that misses', isMissing, ({ add }) => add(patch('changed'), refused('NOT_FOUND'))],
  ['a retry that misses', isMissing, ({ add }) => add(create(), refused('IDEMPOTENCY_KEY_REUSED'))],
  ['a page that misses', 'lost: a page of the newest lacks the session id 1', ({ add }) => add(newest(5), missing)],
  [
    'a retry that creates again',
    'doubled: the key "key 1" of alice has the sessions id 1 and id 9',
    ({ add }) => add(create(), found(makeSession({ id: 'id 9' }))),
  ],
  [
    'a key that takes two payloads',
    'contradiction: the key "key 1" of alice is accepted for two payloads',
    ({ add }) => add(create('key 1', 'other'), found(first)),
  ],
  [
    'a session that nobody wrote',
    'contradiction: the session id 1 has a purpose that nobody wrote',
    ({ add }) => add(read(), found(makeSession({ purpose: 'what' }))),
  ],
  [
    'another creator',
    'contradiction: the session id 1 changed in createdBy',
    ({ add }) => add(read(), found(makeSession({ createdBy: 'bob' }))),
  ],
  [
    'another date of creation',
    'contradiction: the session id 1 changed in dateCreated',
    ({ add }) => add(read(), found(makeSession({ dateCreated: '2025-12-31T00:00:00.000Z' }))),
  ],
  [
    'another modifier',
    'contradiction: the session id 1 has a last modification that is not the one of its purpose',
    ({ add }) => add(read(), found(makeSession({ lastModifiedBy: 'bob' }))),
  ],
  [
    'another session than asked for',
    'contradiction: another session is read than the one asked for',
    ({ add }) => add(read('id 7'), found(first)),
  ],
  [
    'a session twice in a list',
    'contradiction: a list has a session twice',
    ({ add }) => add(list('id 1'), found(first, first)),
  ],
  [
    'a page that is too long',
    'contradiction: a page is longer than asked for',
    ({ add }) => add(newest(1), found(first, first)),
  ],
  [
    'an unexpected error',
    'contradiction: "read" was refused with INTERNAL_SERVER_ERROR',
    ({ add }) => add(read(), refused('INTERNAL_SERVER_ERROR')),
  ],
  [
    'data beside an error',
    'contradiction: an answer has both an error and data',
    ({ add }) => add(patch('changed'), refused('NOT_FOUND', true)),
  ],
])('finds %s', (_name, expected, makeUp) => {
  const faults = checkMadeUp((history) => {
    history.add(create(), found(first));
    makeUp(history);
  });
  expect(faults).toContain(expected);
});
