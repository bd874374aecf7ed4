import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Page, PageRequest } from '../database/pagination.ts';
import { countSessionsOfAccounts, listSessionsOfAccounts } from '../domain/account-sessions.ts';
import { findAccounts } from '../domain/accounts.ts';
import type { AISessionOrder } from '../domain/ai-session-list.ts';
import type { AISession } from '../domain/ai-sessions.ts';
import { memoize } from '../memoize.ts';

// Each loads for all rows of a page at once, so a page of any length takes as many statements. What a mutation may
// change is not cached: the next mutation of the document must see it.

export const accountLoader = memoize(
  ({ database }: Context) => new DataLoader((ids: readonly string[]) => findAccounts(database, ids)),
);

export const sessionCountLoader = memoize(
  ({ database }: Context) =>
    new DataLoader((ids: readonly string[]) => countSessionsOfAccounts(database, ids), { cache: false }),
);

const pageLoaders = memoize((_context: Context) => new Map<string, DataLoader<string, Page<AISession>>>());

/** Loads a page of the sessions of each account. Aliases and accounts that ask for the same page share a loader. */
export function sessionPageLoader(context: Context, order: AISessionOrder, page: PageRequest) {
  const loaders = pageLoaders(context);
  const key = JSON.stringify([order, page]);
  const load = (ids: readonly string[]) => listSessionsOfAccounts(context.database, ids, order, page);
  const loader = loaders.get(key) ?? new DataLoader(load, { cache: false });
  loaders.set(key, loader);
  return loader;
}
