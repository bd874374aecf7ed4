import { and, count, eq, gte, lt, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import { batch } from '../database/batch.ts';
import type { Database, Orm, UserDatabase } from '../database/database.ts';
import { withDeadline } from '../database/deadline.ts';
import { waitsBriefly } from '../database/held-rows.ts';
import { idIn, idList, lowestId, orderByIds } from '../database/ids.ts';
import { selectPage, toPage } from '../database/pagination.ts';
import type { Cursor, ListOrder, Page, PageRequest, PageSelection } from '../database/pagination.ts';
import { prepareSelect } from '../database/prepared-statements.ts';
import { accounts, aiSessions } from '../database/tables.ts';
import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { defaultPageSize, maximumPageSize } from './validation.ts';
import { logWrite, runWrites, type Writer } from './writes.ts';

export type AISession = Awaited<ReturnType<typeof selectSessions>>[number];

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
export function findAISession({ whole }: UserDatabase, id: string): Promise<AISession | null> {
  return withDeadline(whole.timeoutMs, (deadline) => batchedFind(whole)(id, deadline));
}

const batchedFind = memoize((database: Database) =>
  batch('find sessions', async (ids: string[]) => {
    const [first, ...others] = ids;
    const find = (orm: Orm) =>
      others.length === 0 ? findOne(orm).execute({ id: first }) : findMany(orm).execute({ ids: idList(ids) });
    return orderByIds(ids, await database.run(find, 'lookups'));
  }),
);

/** PostgreSQL plans a statement with a short list of ids anew each time, one with a single id once. */
const findOne = memoize((orm: Orm) => {
  const isWanted = eq(aiSessions.id, sql.placeholder('id'));
  return prepareSelect(orm, selectSessions(orm).where(isWanted), sessionColumns, 'find_session');
});

const findMany = memoize((orm: Orm) =>
  prepareSelect(orm, selectSessions(orm).where(matches({ ids: [] })), sessionColumns, 'find_sessions'),
);

/** Changes the purpose of a session; undefined leaves it as it is. @throws NOT_FOUND */
export async function patchAISession(
  writer: Writer,
  id: string,
  purpose: string | null | undefined,
): Promise<AISession> {
  const { database, viewer } = writer;
  if (purpose === undefined) return existing(await findAISession(database, id));
  const dateLastModified = sql`greatest(now(), ${aiSessions.dateCreated})`;
  const change = { purpose, lastModifiedBy: viewer.id, dateLastModified };
  return logWrite(writer, 'session changed', { sessionId: id }, async (runs) => {
    const isWanted = and(eq(aiSessions.id, id), waitsBriefly);
    const [changed] = await runWrites(database, [runs], (orm) => {
      // Named like the table, so that `sessionColumns` fit.
      const written = orm.$with('ai_sessions').as(orm.update(aiSessions).set(change).where(isWanted).returning());
      return orm.with(written).select(sessionColumns).from(written).leftJoin(accounts, ownAccount);
    });
    const session = existing(changed);
    return { kind: 'written', value: session, accountId: session.accountId };
  });
}

/** Deletes a session. @throws NOT_FOUND */
export async function deleteAISession(writer: Writer, id: string): Promise<void> {
  const { accountId } = aiSessions;
  const isWanted = and(eq(aiSessions.id, id), waitsBriefly);
  return logWrite(writer, 'session deleted', { sessionId: id }, async (runs) => {
    const [deleted] = await runWrites(writer.database, [runs], (orm) =>
      orm.delete(aiSessions).where(isWanted).returning({ accountId }),
    );
    // If the response to an earlier run was lost, that one may have deleted it.
    if (!deleted && runs.unsettled === 0) throw notFound();
    return { kind: 'written', value: undefined, accountId: deleted?.accountId };
  });
}

function existing(session: AISession | null | undefined): AISession {
  if (!session) throw notFound();
  return session;
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'No session has this "id".', { field: 'id' });
}

export async function listAISessions(
  database: UserDatabase,
  filter: AISessionFilter,
  order: AISessionOrder,
  page: PageRequest,
): Promise<Page<AISession>> {
  const selection = selectPage(page, columnsOf(order));
  const filterValues = valuesOf(filter);
  const values = { ...filterValues, ...selection.values };
  const isUsual = usualSizes.has(page.size) && page.offset === 0 && Object.keys(filterValues).length < 2;
  const literalLimit = isUsual ? values.limit : undefined;
  // Statements with the same order, the same limit and the same placeholders are the same.
  const name = [order.field, order.descending, page.backward, literalLimit, ...Object.keys(values)].join();
  const sessions = await database.run((orm) => {
    const statements = listStatements(orm);
    const statement = statements.get(name) ?? prepareList(orm, filter, selection, literalLimit);
    statements.set(name, statement);
    return statement.execute(values);
  });
  return toPage(page, sessions);
}

/** The latest statements of a connection: Drizzle takes longer to write one than PostgreSQL to run it. */
const listStatements = memoize((_orm: Orm) => new LRUCache<string, ReturnType<typeof prepareList>>({ max: 50 }));

/** The sizes of pages whose statements PostgreSQL plans once: few, because it keeps each statement. */
const usualSizes = new Set([10, defaultPageSize, 50, maximumPageSize]);

function prepareList(
  orm: Orm,
  filter: AISessionFilter,
  { where, orderBy, limit, offset }: PageSelection,
  literalLimit: number | undefined,
) {
  const all = selectSessions(orm)
    .where(and(matches(filter), where))
    .orderBy(...orderBy);
  const page = literalLimit === undefined ? all.limit(limit).offset(offset) : all;
  return prepareSelect(orm, page, sessionColumns, 'list_sessions', literalLimit);
}

/** The columns that a list of sessions is ordered by. */
export function columnsOf({ field, descending }: AISessionOrder): ListOrder {
  return { id: aiSessions.id, date: field === 'dateCreated' ? undefined : aiSessions.dateLastModified, descending };
}

/** Makes a function that tells where a session is in a list of this order. */
export function sessionCursor({ field }: AISessionOrder): (session: AISession) => Cursor {
  return (session) => ({ date: session[field], id: session.id });
}

export async function countAISessions(database: UserDatabase, filter: AISessionFilter): Promise<number> {
  const statement = (orm: Orm) => orm.select({ count: count() }).from(aiSessions).where(matches(filter));
  const [row] = await database.run((orm) => statement(orm).prepare('count_sessions').execute(valuesOf(filter)));
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
const ownAccount = eq(accounts.id, aiSessions.accountId);

export function selectSessions(orm: Orm) {
  return orm.select(sessionColumns).from(aiSessions).leftJoin(accounts, ownAccount);
}

/** The conditions of a filter, with placeholders. */
function matches({ ids, accountIds, createdBy, createdFrom, createdBefore }: AISessionFilter) {
  const { accountId } = aiSessions;
  return and(
    ids && idIn(aiSessions.id, sql.placeholder('ids')),
    // By `=`, the database can follow an index in the order of the list.
    accountIds?.length === 1 ? eq(accountId, sql.placeholder('accountId')) : undefined,
    accountIds && accountIds.length !== 1 ? idIn(accountId, sql.placeholder('accountIds')) : undefined,
    createdBy === undefined ? undefined : eq(aiSessions.createdBy, sql.placeholder('createdBy')),
    createdFrom && gte(aiSessions.id, sql.placeholder('createdFrom')),
    createdBefore && lt(aiSessions.id, sql.placeholder('createdBefore')),
  );
}

/** The values of the placeholders in `matches`. */
function valuesOf({ ids, accountIds, createdBy, createdFrom, createdBefore }: AISessionFilter) {
  return {
    ...(ids && { ids: idList(ids) }),
    ...(accountIds &&
      (accountIds.length === 1 ? { accountId: accountIds.join() } : { accountIds: idList(accountIds) })),
    ...(createdBy !== undefined && { createdBy }),
    ...(createdFrom && { createdFrom: lowestId(createdFrom) }),
    ...(createdBefore && { createdBefore: lowestId(createdBefore) }),
  };
}
