import { LRUCache } from 'lru-cache';
import { CodedError } from '../errors.ts';

export interface RateLimit {
  /** Tells whether a user may create an object. If not, it waits for running creations: they may create nothing. */
  hasRoom: (userId: string) => Promise<boolean>;
  /**
   * Counts an object before it is created.
   * @returns a function for the end of the creation, which takes the object back if none was created
   * @throws RATE_LIMITED
   */
  reserve: (userId: string) => (isCreated: boolean) => void;
}

interface Minute {
  /** How many objects a user created, or creates now. */
  objects: number;
  running: Set<Promise<void>>;
}

/** @param limit how many objects a minute this server lets each user create; undefined: any number */
export function createRateLimit(limit: number | undefined): RateLimit {
  if (limit === undefined) return { hasRoom: async () => true, reserve: () => () => {} };
  const minutes = new LRUCache<string, Minute>({ ttl: 60_000, ttlAutopurge: true });

  function currentMinute(userId: string): Minute {
    const minute = minutes.get(userId) ?? { objects: 0, running: new Set() };
    if (!minutes.has(userId)) minutes.set(userId, minute);
    return minute;
  }

  return {
    async hasRoom(userId) {
      const { objects, running } = currentMinute(userId);
      if (objects < limit) return true;
      await Promise.all(running);
      return false;
    },
    reserve(userId) {
      const minute = currentMinute(userId);
      if (minute.objects >= limit) {
        const retryAfter = Math.max(1, Math.ceil(minutes.getRemainingTTL(userId) / 1000));
        const message = `You may create ${limit} objects a minute. Try again in ${retryAfter} seconds.`;
        throw new CodedError('RATE_LIMITED', message, { retryAfter });
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      minute.objects += 1;
      minute.running.add(promise);
      return (isCreated) => {
        if (!isCreated) minute.objects -= 1;
        minute.running.delete(promise);
        resolve();
      };
    },
  };
}
