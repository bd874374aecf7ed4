const refillMs = 60;
const patienceMs = 500;

/**
 * Makes a token bucket of `burst` permits that gains one every 60 ms. The driver alone would try a database that is down
 * thousands of times a second.
 * @returns a function that tells whether it got a permit, at most half a second later
 */
export function createThrottle(burst: number): () => Promise<boolean> {
  const queue = new Set<(isAllowed: boolean) => void>();
  let permits = burst;

  function refill(): void {
    // Newest first: the oldest may have been abandoned, and the first request after a recovery must get through.
    const newest = [...queue].at(-1);
    if (newest) remove(newest, true);
    else permits += 1;
    if (permits < burst) setTimeout(refill, refillMs);
  }

  function remove(resolve: (isAllowed: boolean) => void, isAllowed: boolean): void {
    if (queue.delete(resolve)) resolve(isAllowed);
  }

  return async () => {
    if (permits === burst) setTimeout(refill, refillMs);
    if (permits > 0) {
      permits -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    queue.add(resolve);
    setTimeout(remove, patienceMs, resolve, false);
    return promise;
  };
}
