import { asc, eq, sql } from 'drizzle-orm';
import type { Database } from './database/database.ts';
import { newIdentity } from './database/ids.ts';
import { readPage, type Page, type PageRequest, type Position } from './database/keyset.ts';
import { accounts } from './database/tables.ts';

export type Account = typeof accounts.$inferSelect;

export async function createAccount(database: Database, name: string, caller: string): Promise<Account> {
  const identity = newIdentity();
  const account = {
    ...identity,
    dateLastModified: identity.dateCreated,
    name,
    createdBy: caller,
    lastModifiedBy: caller,
  };
  const [created] = await database.run((orm) => orm.insert(accounts).values(account).onConflictDoNothing().returning());
  const found = created ?? (await findAccount(database, identity.id));
  if (!found) throw new Error('a new account is not there');
  return found;
}

export async function findAccount(database: Database, id: string): Promise<Account | null> {
  const [account] = await database.run((orm) => orm.select().from(accounts).where(eq(accounts.id, id)));
  return account ?? null;
}

/** Lists the accounts whose name has `part` in it, oldest first. */
export function listAccounts(database: Database, part: string | undefined, page: PageRequest): Promise<Page<Account>> {
  return database.run((orm) =>
    readPage(page, {
      id: accounts.id,
      date: undefined,
      descending: false,
      filter: nameContains(part),
      select: (where, orderBy, limit) =>
        orm
          .select()
          .from(accounts)
          .where(where)
          .orderBy(...orderBy)
          .limit(limit),
      positionOf: accountPosition,
    }),
  );
}

export function accountPosition({ dateCreated, id }: Account): Position {
  return { date: dateCreated, id };
}

export function countAccounts(database: Database, part: string | undefined): Promise<number> {
  return database.run((orm) => orm.$count(accounts, nameContains(part)));
}

/** Makes the account that a newcomer tries the server with, unless there is one. Answers the oldest account. */
export async function ensureDemoAccount(database: Database): Promise<Account> {
  const [oldest] = await database.run((orm) => orm.select().from(accounts).orderBy(asc(accounts.id)).limit(1));
  return oldest ?? createAccount(database, 'Demo Account', 'system');
}

function nameContains(part: string | undefined) {
  return part === undefined ? undefined : sql`position(lower(${part}) in lower(${accounts.name})) > 0`;
}
