import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Page, PageRequest } from '../database/pagination.ts';
import { countSessionsOfAccounts, listSessionsOfAccounts } from '../domain/account-sessions.ts';
import { findAccounts } from '../domain/accounts.ts';
import type { AISession, AISessionOrder } from '../domain/ai-sessions.ts';
import { memoize } from '../memoize.ts';

// Each loads for all rows of a page at once, so a page of any length costs a fixed number of statements. What a mutation may
// change is not cached: the next mutation of the document would not see it.

export const accountLoader = memoize(
  ({ database }: Context) => new DataLoader((ids: readonly string[]) => findAccounts(database, ids)),
);

export const sessionCountLoader = memoize(
  ({ database }: Context) =>
    new DataLoader((ids: readonly string[]) => countSessionsOfAccounts(database, ids), { cache: false }),
);

type PageLoader = DataLoader<string, Page<AISession>>;

const pageLoaders = memoize((_context: Context) => new Map<string, PageLoader>());

/** Loads the same page of the sessions of many accounts. */
export function sessionPageLoader(context: Context, order: AISessionOrder, page: PageRequest): PageLoader {
  const loaders = pageLoaders(context);
  const key = JSON.stringify([order, page]);
  const { database } = context;
  const loader =
    loaders.get(key) ??
    new DataLoader((ids: readonly string[]) => listSessionsOfAccounts(database, ids, order, page), { cache: false });
  loaders.set(key, loader);
  return loader;
}
