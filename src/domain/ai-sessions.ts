import { and, count, eq, gte, lt, sql } from 'drizzle-orm';
import type { TypedQueryBuilder } from 'drizzle-orm/query-builders/query-builder';
import { LRUCache } from 'lru-cache';
import { batch } from '../database/batch.ts';
import type { Database, Orm } from '../database/database.ts';
import { idList, isOneOf, lowestId } from '../database/ids.ts';
import { readPage, type Cursor, type ListStatement, type Page, type PageRequest } from '../database/pagination.ts';
import { shareReads } from '../database/shared-reads.ts';
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

/** Finds a session. One statement finds all that are asked for together. */
export function findAISession(database: Database, id: string): Promise<AISession | null> {
  // A batch is of many users, and it takes one connection.
  const { shared = database } = database;
  return batchedFind(shared)(id);
}

const batchedFind = memoize((database: Database) =>
  batch('find sessions', async (ids: string[]) => {
    const sessions = await database.run((orm) => findStatement(orm).execute({ ids: idList(ids) }));
    const byId = new Map(sessions.map((session) => [session.id, session]));
    return ids.map((id) => byId.get(id) ?? null);
  }),
);

const findStatement = memoize((orm: Orm) =>
  selectSessions(orm)
    .where(isOneOf(aiSessions.id, sql.placeholder('ids')))
    .prepare('find_sessions'),
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

/**
 * @returns the ids of the session and of its account
 * @throws NOT_FOUND
 */
export async function deleteAISession(database: Database, id: string) {
  const ids = { id: aiSessions.id, accountId: aiSessions.accountId };
  const [deleted] = await database.run((orm) => orm.delete(aiSessions).where(eq(aiSessions.id, id)).returning(ids));
  if (!deleted) throw notFound();
  return deleted;
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
  const filterValues = valuesOf(filter);
  return sharedPages(database, JSON.stringify([filterValues, order, page]), (orm) =>
    readPage(page, {
      ...inOrder(order),
      select: (statement, values) =>
        listStatement(orm, filterValues, statement).execute({ ...filterValues, ...values }),
    }),
  );
}

const sharedPages = shareReads<Page<AISession>>();

/** The latest statements of a connection: Drizzle takes longer to write one than to read its answer. */
const listStatements = memoize((_orm: Orm) => new LRUCache<string, ReturnType<typeof prepareList>>({ max: 50 }));

function listStatement(orm: Orm, filterValues: FilterValues, statement: ListStatement) {
  const statements = listStatements(orm);
  const name = `${Object.keys(filterValues).join()} ${statement.name}`;
  const prepared = statements.get(name) ?? prepareList(orm, filterValues, statement);
  statements.set(name, prepared);
  return prepared;
}

function prepareList(orm: Orm, filterValues: FilterValues, { where, orderBy }: ListStatement) {
  return selectSessions(orm)
    .where(and(matches(filterValues), where))
    .orderBy(...orderBy)
    .limit(sql.placeholder('limit'))
    .offset(sql.placeholder('offset'))
    .prepare('list_sessions');
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

export async function countAISessions(database: Database, filter: AISessionFilter): Promise<number> {
  const values = valuesOf(filter);
  const [row] = await database.run((orm) =>
    orm.select({ count: count() }).from(aiSessions).where(matches(values)).prepare('count_sessions').execute(values),
  );
  return row?.count ?? 0;
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

/** The values of a filter, by the names of their conditions. */
type FilterValues = Record<string, string>;

function valuesOf({ ids, accountIds, createdBy, createdFrom, createdBefore }: AISessionFilter): FilterValues {
  const [accountId] = accountIds ?? [];
  return {
    ...(ids && { ids: idList(ids) }),
    ...(accountIds && (accountId && accountIds.length === 1 ? { accountId } : { accountIds: idList(accountIds) })),
    ...(createdBy !== undefined && { createdBy }),
    ...(createdFrom && { createdFrom: lowestId(createdFrom) }),
    ...(createdBefore && { createdBefore: lowestId(createdBefore) }),
  };
}

const conditions = {
  ids: isOneOf(aiSessions.id, sql.placeholder('ids')),
  // By `=`, the database can follow an index in the order of the list.
  accountId: eq(aiSessions.accountId, sql.placeholder('accountId')),
  accountIds: isOneOf(aiSessions.accountId, sql.placeholder('accountIds')),
  createdBy: eq(aiSessions.createdBy, sql.placeholder('createdBy')),
  createdFrom: gte(aiSessions.id, sql.placeholder('createdFrom')),
  createdBefore: lt(aiSessions.id, sql.placeholder('createdBefore')),
};

function matches(values: FilterValues) {
  const given = Object.entries(conditions).filter(([name]) => name in values);
  return and(...given.map(([, condition]) => condition));
}
