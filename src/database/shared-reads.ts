import { memoize } from '../memoize.ts';
import { linkToOperation, traceShared } from '../tracing.ts';
import type { Database, Orm } from './database.ts';

interface Waiting<Result> {
  result: Promise<Result>;
  /** To the operations that wait. */
  links: ReturnType<typeof linkToOperation>;
}

/**
 * Makes a function that reads once for all who wait to read the same. Nobody joins a read that has begun: each sees what was
 * written before it asked. So a page that many ask for costs a busy database little.
 */
export function shareReads<Result>() {
  const waitingOn = memoize((_database: Database) => new Map<string, Waiting<Result>>());
  /** @param key names what is read: equal keys of one user share a read */
  return (database: Database, key: string, read: (orm: Orm) => Promise<Result>): Promise<Result> => {
    const { shared = database, user = '' } = database;
    const waiting = waitingOn(shared);
    const name = `${user} ${key}`;
    const known = waiting.get(name);
    if (known) {
      known.links.push(...linkToOperation());
      return known.result;
    }
    const links = linkToOperation();
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) waiting.delete(name);
      hasBegun = true;
    };
    const result = database
      .run((orm) => {
        begin();
        return traceShared('shared read', links, () => read(orm));
      })
      .finally(begin);
    waiting.set(name, { result, links });
    return result;
  };
}
