import { and, asc, sql } from 'drizzle-orm';
import type { UserDatabase } from '../database/database.ts';
import { idIn, idList, newIdentity, orderByIds } from '../database/ids.ts';
import { selectPage, toPage, type Cursor, type Page, type PageRequest } from '../database/pagination.ts';
import { accounts } from '../database/tables.ts';
import { logWrite, runWrites, type Runs, type Writer } from './writes.ts';

export type Account = typeof accounts.$inferSelect;

/** Creates an account. @throws RATE_LIMITED */
export async function createAccount(writer: Writer, name: string): Promise<Account> {
  const { database, viewer, rateLimit } = writer;
  const account = newAccount(name, viewer.id);
  const { id: accountId } = account;
  const write = async (runs: Runs) => {
    await runWrites(database, [runs], (orm) => orm.insert(accounts).values(account).onConflictDoNothing());
    return { kind: 'written', value: account, accountId } as const;
  };
  await rateLimit.hasRoom(viewer.id);
  return logWrite(writer, 'account created', { accountId }, write, rateLimit.reserve(viewer.id));
}

function newAccount(name: string, createdBy: string): Account {
  const { id, dateCreated } = newIdentity();
  return { id, dateCreated, dateLastModified: dateCreated, name, createdBy, lastModifiedBy: createdBy };
}

export async function findAccount(database: UserDatabase, id: string): Promise<Account | null> {
  const [account = null] = await findAccounts(database, [id]);
  return account;
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
  if (oldest) return oldest;
  const account = newAccount('Demo Account', 'system');
  await database.run((orm) => orm.insert(accounts).values(account).onConflictDoNothing());
  return account;
}

function matches({ ids, nameContains }: AccountFilter) {
  return and(
    ids && idIn(accounts.id, idList(ids)),
    nameContains === undefined ? undefined : sql`position(lower(${nameContains}) in lower(${accounts.name})) > 0`,
  );
}
