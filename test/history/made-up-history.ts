import { checkHistory } from './checker.ts';
import type { Audit, Content, Operation, Outcome, Request, Session } from './operation.ts';

/** A history that a test makes up, step by step. */
export interface MadeUpHistory {
  /** Adds a request and its answer. Steps follow one another, unless times are given. */
  add: (request: Request, outcome: Outcome, times?: { invoked?: number; completed?: number }) => void;
}

/**
 * Makes up a history of alice's requests, and checks it.
 * @param content what the database holds at the end; without it, the history was broken off
 * @param audit what the servers logged; without it, that is not checked
 * @returns what is wrong, in words
 */
export function checkMadeUp(makeUp: (history: MadeUpHistory) => void, content?: Content, audit?: Audit): string[] {
  const operations: Operation[] = [];
  makeUp({
    add(request, outcome, { invoked, completed } = {}) {
      const number = operations.length + 1;
      const times = { invoked: invoked ?? 10 * number, completed: completed ?? 10 * number + 5 };
      const server = `server ${1 + (number % 2)}`;
      operations.push({ number, client: 'client 1', server, user: 'alice', ...times, request, outcome });
    },
  });
  return [...checkHistory({ operations, content, audit })].map(({ kind, text }) => `${kind}: ${text}`);
}

/** Makes a session, the first of alice where nothing else is said. */
export const makeSession = (fields: Partial<Session> = {}): Session => ({
  id: 'id 1',
  purpose: 'first',
  accountId: null,
  accountName: null,
  createdBy: 'alice',
  lastModifiedBy: 'alice',
  dateCreated: '2026-01-01T00:00:00.000Z',
  dateLastModified: '2026-01-01T00:00:00.000Z',
  ...fields,
});

export const create = (key = 'key 1', purpose = 'first'): Request => ({
  action: 'create',
  by: 'GraphQL',
  key,
  purpose,
  accountId: null,
});
export const read = (id = 'id 1'): Request => ({ action: 'read', by: 'aiSession', id });
export const list = (...ids: string[]): Request => ({ action: 'list', ids });
export const newest = (count: number): Request => ({ action: 'newest', count });
export const patch = (purpose: string, id = 'id 1'): Request => ({ action: 'patch', id, purpose });
export const remove = (id = 'id 1'): Request => ({ action: 'delete', id });

export const found = (...sessions: Session[]): Outcome => ({ kind: 'ok', sessions });
export const missing: Outcome = { kind: 'ok', sessions: [] };
export const deleted = (id = 'id 1'): Outcome => ({ kind: 'ok', sessions: [], deletedId: id });
export const refused = (code: string, hasData = false): Outcome => ({ kind: 'error', code, hasData });
export const unknown: Outcome = { kind: 'unknown', reason: 'ECONNRESET' };

export const first = makeSession();
export const second = makeSession({ id: 'id 2', purpose: 'second' });
export const changed = makeSession({ purpose: 'changed', dateLastModified: '2026-01-01T00:00:01.000Z' });
export const firstKey = { user: 'alice', key: 'key 1', sessionId: 'id 1' };
