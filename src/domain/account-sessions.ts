import DataLoader from 'dataloader';
import { and, count, eq, sql } from 'drizzle-orm';
import type { Database, Orm } from '../database/database.ts';
import { idList, isOneOf } from '../database/ids.ts';
import { readPage, type ListStatement, type Page, type PageRequest, type Values } from '../database/pagination.ts';
import { accounts, aiSessions } from '../database/tables.ts';
import { inOrder, sessionColumns, type AISession, type AISessionOrder } from './ai-sessions.ts';

/** One step of reading a page of an account's sessions. */
interface Step {
  accountId: string;
  statement: ListStatement;
  values: Values;
}

/**
 * Reads the same page of the sessions of many accounts, in as many statements as that of one account.
 * @returns the pages in the order of the accounts
 */
export function listSessionsOfAccounts(
  database: Database,
  accountIds: readonly string[],
  order: AISessionOrder,
  page: PageRequest,
): Promise<Page<AISession>[]> {
  return database.run((orm) => {
    const steps = new DataLoader((batch: readonly Step[]) => selectSteps(orm, batch), { cache: false });
    const pages = accountIds.map((accountId) =>
      readPage(page, {
        ...inOrder(order),
        select: (statement, values) => steps.load({ accountId, statement, values }),
      }),
    );
    return Promise.all(pages);
  });
}

/** @returns how many sessions each account has, in the order of the accounts */
export async function countSessionsOfAccounts(database: Database, accountIds: readonly string[]): Promise<number[]> {
  const { accountId } = aiSessions;
  const rows = await database.run((orm) =>
    orm
      .select({ accountId, count: count() })
      .from(aiSessions)
      .where(isOneOf(accountId, idList(accountIds)))
      .groupBy(accountId),
  );
  const byId = new Map(rows.map((row) => [row.accountId, row.count]));
  return accountIds.map((id) => byId.get(id) ?? 0);
}

/** Selects the sessions of many steps. Those that differ in nothing but their account share a statement. */
async function selectSteps(orm: Orm, steps: readonly Step[]): Promise<AISession[][]> {
  const groups = Map.groupBy(steps, ({ statement, values }) => JSON.stringify([statement.name, values]));
  const sessions = await Promise.all(groups.values().map((alike) => selectAlike(orm, alike)));
  const byAccount = Map.groupBy(sessions.flat(), ({ accountId }) => accountId);
  return steps.map(({ accountId }) => byAccount.get(accountId) ?? []);
}

async function selectAlike(orm: Orm, steps: Step[]): Promise<AISession[]> {
  const [first] = steps;
  if (!first) return [];
  const { statement, values } = first;
  const { where, orderBy } = statement;
  // Named like the table, so that its columns fit the outer query too.
  const sessions = orm
    .select()
    .from(aiSessions)
    .where(and(eq(aiSessions.accountId, accounts.id), where))
    .orderBy(...orderBy)
    .limit(sql.placeholder('limit'))
    .as('ai_sessions');
  const accountIds = idList(steps.map(({ accountId }) => accountId));
  return orm
    .select(sessionColumns)
    .from(accounts)
    .innerJoinLateral(sessions, sql`true`)
    .where(isOneOf(accounts.id, accountIds))
    .orderBy(...orderBy)
    .prepare('sessions_of_accounts')
    .execute(values);
}
