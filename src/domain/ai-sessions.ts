import { and, eq, gte, lt, sql } from 'drizzle-orm';
import type { TypedQueryBuilder } from 'drizzle-orm/query-builders/query-builder';
import type { Database, Orm } from '../database/database.ts';
import { isOneOf, lowestId } from '../database/ids.ts';
import { readPage, type Cursor, type Page, type PageRequest } from '../database/pagination.ts';
import { accounts, aiSessions } from '../database/tables.ts';
import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';

export type AISession = Awaited<ReturnType<typeof selectSessions>>[number];

export const maximumPurposeLength = 2000;

export interface AISessionFilter {
  ids?: string[] | undefined;
  accountIds?: string[] | undefined;
  createdBy?: string | undefined;
  /** Inclusive. */
  createdFrom?: Date | undefined;
  /** Exclusive. */
  createdBefore?: Date | undefined;
}

export interface AISessionOrder {
  field: 'dateCreated' | 'dateLastModified';
  descending: boolean;
}

export async function findAISession(database: Database, id: string): Promise<AISession | null> {
  const [session] = await database.run((orm) => findStatement(orm).execute({ id }));
  return session ?? null;
}

const findStatement = memoize((orm: Orm) =>
  selectSessions(orm)
    .where(eq(aiSessions.id, sql.placeholder('id')))
    .prepare('find_session'),
);

/**
 * Changes the purpose of a session; undefined leaves it as it is.
 * @throws NOT_FOUND
 */
export async function patchAISession(
  database: Database,
  id: string,
  purpose: string | null | undefined,
  lastModifiedBy: string,
): Promise<AISession> {
  const change = { purpose, lastModifiedBy, dateLastModified: sql`greatest(now(), ${aiSessions.dateCreated})` };
  const [session] = await database.run((orm) => {
    if (purpose === undefined) return selectSessions(orm).where(eq(aiSessions.id, id));
    const written = writtenSessions(orm, orm.update(aiSessions).set(change).where(eq(aiSessions.id, id)).returning());
    return orm.with(written).select(sessionColumns).from(written).leftJoin(accounts, isOwnAccount);
  });
  if (!session) throw notFound();
  return session;
}

/** @throws NOT_FOUND */
export async function deleteAISession(database: Database, id: string): Promise<string> {
  const deleted = await database.run((orm) => orm.delete(aiSessions).where(eq(aiSessions.id, id)).returning());
  if (deleted.length === 0) throw notFound();
  return id;
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'No session has this "id".', { field: 'id' });
}

export function listAISessions(
  database: Database,
  filter: AISessionFilter,
  order: AISessionOrder,
  page: PageRequest,
): Promise<Page<AISession>> {
  return database.run((orm) =>
    readPage(page, {
      ...inOrder(order),
      filter: matches(filter),
      select: (where, orderBy, limit, offset = 0) =>
        selectSessions(orm)
          .where(where)
          .orderBy(...orderBy)
          .limit(limit)
          .offset(offset)
          .prepare('list_sessions')
          .execute(),
    }),
  );
}

/** How a list of sessions is ordered, for `readPage`. */
export function inOrder(order: AISessionOrder) {
  return {
    id: aiSessions.id,
    date: order.field === 'dateCreated' ? undefined : aiSessions.dateLastModified,
    descending: order.descending,
    cursorOf: (session: AISession) => sessionCursor(session, order),
  };
}

export function sessionCursor(session: AISession, order: AISessionOrder): Cursor {
  return { date: session[order.field], id: session.id };
}

export function countAISessions(database: Database, filter: AISessionFilter): Promise<number> {
  return database.run((orm) => orm.$count(aiSessions, matches(filter)));
}

export const sessionColumns = {
  id: aiSessions.id,
  dateCreated: aiSessions.dateCreated,
  dateLastModified: aiSessions.dateLastModified,
  createdBy: aiSessions.createdBy,
  lastModifiedBy: aiSessions.lastModifiedBy,
  accountId: aiSessions.accountId,
  accountName: accounts.name,
  purpose: aiSessions.purpose,
};

/** Joins a session with its account. */
export const isOwnAccount = eq(accounts.id, aiSessions.accountId);

function selectSessions(orm: Orm) {
  return orm.select(sessionColumns).from(aiSessions).leftJoin(accounts, isOwnAccount);
}

/** Makes a WITH query of the rows that a statement returns. It is named like the table, so `sessionColumns` fit both. */
export function writtenSessions(orm: Orm, statement: TypedQueryBuilder<typeof aiSessions._.columns>) {
  return orm.$with('ai_sessions').as(statement);
}

function matches({ ids, accountIds, createdBy, createdFrom, createdBefore }: AISessionFilter) {
  return and(
    ids && isOneOf(aiSessions.id, ids),
    accountIds && isOneOf(aiSessions.accountId, accountIds),
    createdBy === undefined ? undefined : eq(aiSessions.createdBy, createdBy),
    createdFrom && gte(aiSessions.id, lowestId(createdFrom)),
    createdBefore && lt(aiSessions.id, lowestId(createdBefore)),
  );
}
