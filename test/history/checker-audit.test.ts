import { expect, test } from 'vitest';
import { checkMadeUp, create, deleted, first, found, patch, changed, read } from './made-up-history.ts';
import { refused, remove, unknown, type MadeUpHistory } from './made-up-history.ts';
import type { Audit, AuditLine } from './operation.ts';

/** Alice creates a session, tries again, changes and deletes it. Steps take from 10 to 15, from 20 to 25 and so on. */
function writeAll({ add }: MadeUpHistory): void {
  add(create(), unknown);
  add(create(), found(first));
  add(patch('changed'), found(changed));
  add(remove(), deleted());
}

const line = (request: number, action: AuditLine['action'], isKnown = true, sessionId = 'id 1'): AuditLine => {
  return { request, action, isKnown, sessionId };
};
const right = [line(1, 'create', false), line(3, 'patch'), line(4, 'delete')];

const check = (lines: AuditLine[], kills: Audit['kills'] = [], makeUp = writeAll) =>
  checkMadeUp(makeUp, undefined, { lines, kills });

test.each([
  ['the unknown outcome of the first attempt', right],
  ['the second attempt', [line(2, 'create'), ...right.slice(1)]],
])('a creation has a line of %s', (_whose, lines) => {
  expect(check(lines)).toEqual([]);
});

test.each([
  ['a creation without a line', right.slice(1), '0 audit lines tell of the creation of the session id 1'],
  ['two lines of a creation', [...right, line(2, 'create')], '2 audit lines tell of the creation of the session id 1'],
  ['a deletion without a line', right.slice(0, 2), 'a write has no audit line'],
  ['a patch without a line', right.filter(({ action }) => action !== 'patch'), 'a write has no audit line'],
  ['two lines of a request', [...right, line(4, 'delete')], 'a request has more than one audit line'],
  ['a line of another write', [...right.slice(0, 2), line(4, 'patch')], 'another write than the one asked for'],
  ['a line of another session', [...right.slice(0, 2), line(4, 'delete', true, 'id 2')], 'about another session'],
  [
    'an acknowledged write whose line says unknown',
    [...right.slice(0, 2), line(4, 'delete', false)],
    'another outcome',
  ],
])('finds %s', (_name, lines, fault) => {
  expect(check(lines)).toEqual([expect.stringContaining(fault)]);
});

test.each([
  [1, 'server 2'],
  [4, 'server 1'],
])('a line of request %i may be lost in a kill of its server, and in no other', (request, server) => {
  const lines = right.filter((kept) => kept.request !== request);
  expect(check(lines, [{ server, at: 10 * request + 1 }])).toEqual([]);
  expect(check(lines, [{ server: 'server 3', at: 10 * request + 1 }])).toHaveLength(1);
  expect(check(lines, [{ server, at: 10 * request - 1 }])).toHaveLength(1);
});

test('finds a first deletion that misses its session', () => {
  const isMissing = 'lost: the session id 1 is missing, and nobody deleted it';
  const faults = checkMadeUp(({ add }) => {
    add(create(), found(first));
    add(remove(), refused('NOT_FOUND'));
    add(read(), { kind: 'ok', sessions: [] });
  });
  expect(faults).toEqual([isMissing]);
});
