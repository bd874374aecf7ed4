import { and, count, eq, sql } from 'drizzle-orm';
import type { UserDatabase } from '../database/database.ts';
import { idIn, idList } from '../database/ids.ts';
import { selectPage, toPage, type Page, type PageRequest } from '../database/pagination.ts';
import { accounts, aiSessions } from '../database/tables.ts';
import { columnsOf, type AISessionOrder } from './ai-session-list.ts';
import { sessionColumns, type AISession } from './ai-sessions.ts';

/**
 * Reads the same page of the sessions of many accounts, in one statement.
 * @returns the pages in the order of the accounts
 */
export async function listSessionsOfAccounts(
  database: UserDatabase,
  accountIds: readonly string[],
  order: AISessionOrder,
  page: PageRequest,
): Promise<Page<AISession>[]> {
  const { where, orderBy, limit, offset, values } = selectPage(page, columnsOf(order));
  const selected = await database.run((orm) => {
    // Named like the table, so that its columns fit the outer query too.
    const sessions = orm
      .select()
      .from(aiSessions)
      .where(and(eq(aiSessions.accountId, accounts.id), where))
      .orderBy(...orderBy)
      .limit(limit)
      .offset(offset)
      .as('ai_sessions');
    return orm
      .select(sessionColumns)
      .from(accounts)
      .innerJoinLateral(sessions, sql`true`)
      .where(idIn(accounts.id, idList(accountIds)))
      .orderBy(...orderBy)
      .prepare('sessions_of_accounts')
      .execute(values);
  });
  const byAccount = Map.groupBy(selected, ({ accountId }) => accountId);
  return accountIds.map((id) => toPage(page, byAccount.get(id) ?? []));
}

/** @returns how many sessions each account has, in the order of the accounts */
export async function countSessionsOfAccounts(
  database: UserDatabase,
  accountIds: readonly string[],
): Promise<number[]> {
  const { accountId } = aiSessions;
  const columns = { accountId, count: count() };
  const isTheirs = idIn(accountId, idList(accountIds));
  const rows = await database.run((orm) => orm.select(columns).from(aiSessions).where(isTheirs).groupBy(accountId));
  const byId = new Map(rows.map((row) => [row.accountId, row.count]));
  return accountIds.map((id) => byId.get(id) ?? 0);
}
