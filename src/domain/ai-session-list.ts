import { and, count, eq, gte, lt, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { Orm, UserDatabase } from '../database/database.ts';
import { idIn, idList, lowestId } from '../database/ids.ts';
import { selectPage, toPage } from '../database/pagination.ts';
import type { Cursor, ListOrder, Page, PageRequest, PageSelection } from '../database/pagination.ts';
import { prepareSelect } from '../database/prepared-statements.ts';
import { aiSessions } from '../database/tables.ts';
import { memoize } from '../memoize.ts';
import { selectSessions, sessionColumns, type AISession } from './ai-sessions.ts';
import { defaultPageSize, maximumPageSize } from './validation.ts';

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
