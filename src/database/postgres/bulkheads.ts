import pLimit, { type LimitFunction } from 'p-limit';
import type { Bulkhead } from '../database.ts';

/**
 * Shares connections, so that slow work holds up none but its own kind. Creations and lookups have a connection each;
 * users share the others, and one user gets at most half of those. Of two connections, creations and lookups share one;
 * of one, all work does.
 * @param size how many connections there are
 * @returns a function that runs a job once there is a connection for it
 */
export function createBulkheads(size: number): <T>(bulkhead: Bulkhead, job: () => Promise<T>) => Promise<T> {
  const creations = pLimit(1);
  const lookups = size < 3 ? creations : pLimit(1);
  const users = size < 2 ? creations : pLimit(Math.max(1, size - 2));
  const connectionsOfOne = Math.ceil(users.concurrency / 2);
  /** Kept while the user has work. */
  const limits = new Map<string, LimitFunction>();

  async function runForUser<T>(user: string, job: () => Promise<T>): Promise<T> {
    const limit = limits.get(user) ?? pLimit(connectionsOfOne);
    limits.set(user, limit);
    try {
      return await limit(() => users(job));
    } finally {
      if (limit.activeCount + limit.pendingCount === 0) limits.delete(user);
    }
  }

  return (bulkhead, job) => {
    if (bulkhead === 'creations') return creations(job);
    if (bulkhead === 'lookups') return lookups(job);
    return runForUser(bulkhead.user, job);
  };
}
