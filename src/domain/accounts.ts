import { and, asc, eq, sql } from 'drizzle-orm';
import type { UserDatabase } from '../database/database.ts';
import { idIn, idList, newIdentity, orderByIds } from '../database/ids.ts';
import { selectPage, toPage, type Cursor, type Page, type PageRequest } from '../database/pagination.ts';
import { accounts } from '../database/tables.ts';

export type Account = typeof accounts.$inferSelect;

export async function createAccount(database: UserDatabase, name: string, createdBy: string): Promise<Account> {
  const { id, dateCreated } = newIdentity();
  const account = { id, dateCreated, dateLastModified: dateCreated, name, createdBy, lastModifiedBy: createdBy };
  const [created] = await database.run((orm) => orm.insert(accounts).values(account).onConflictDoNothing().returning());
  // After a lost connection the statement runs again, and finds the account of its first run.
  const found = created ?? (await findAccount(database, id));
  if (!found) throw new Error('a new account is missing');
  return found;
}

export async function findAccount(database: UserDatabase, id: string): Promise<Account | null> {
  const [account] = await database.run((orm) => orm.select().from(accounts).where(eq(accounts.id, id)));
  return account ?? null;
}

/** @returns the accounts in the order of the ids; null for an id that no account has */
export async function findAccounts(database: UserDatabase, ids: readonly string[]): Promise<(Account | null)[]> {
  const isWanted = idIn(accounts.id, idList(ids));
  return orderByIds(ids, await database.run((orm) => orm.select().from(accounts).where(isWanted)));
}

interface AccountFilter {
  ids?: string[] | undefined;
  /** A part of the name, in any case. */
  nameContains?: string | undefined;
}

/** Lists accounts by their creation. */
export async function listAccounts(
  database: UserDatabase,
  filter: AccountFilter,
  descending: boolean,
  page: PageRequest,
): Promise<Page<Account>> {
  const order = { id: accounts.id, date: undefined, descending };
  const { where, orderBy, limit, offset, values } = selectPage(page, order);
  const found = await database.run((orm) =>
    orm
      .select()
      .from(accounts)
      .where(and(matches(filter), where))
      .orderBy(...orderBy)
      .limit(limit)
      .offset(offset)
      .prepare('list_accounts')
      .execute(values),
  );
  return toPage(page, found);
}

export function accountCursor({ dateCreated, id }: Account): Cursor {
  return { date: dateCreated, id };
}

export function countAccounts(database: UserDatabase, filter: AccountFilter): Promise<number> {
  return database.run((orm) => orm.$count(accounts, matches(filter)));
}

/** Makes an account to try the server with, unless there is one. @returns the oldest account */
export async function ensureDemoAccount(database: UserDatabase): Promise<Account> {
  const [oldest] = await database.run((orm) => orm.select().from(accounts).orderBy(asc(accounts.id)).limit(1));
  return oldest ?? createAccount(database, 'Demo Account', 'system');
}

function matches({ ids, nameContains }: AccountFilter) {
  return and(
    ids && idIn(accounts.id, idList(ids)),
    nameContains === undefined ? undefined : sql`position(lower(${nameContains}) in lower(${accounts.name})) > 0`,
  );
}
