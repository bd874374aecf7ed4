type Start = () => void;

/** Hands out places. */
export interface FairQueue {
  /** Calls `start` once there is a place: at once, or later. */
  enter(start: Start, user?: string): void;
  /** Gives up waiting. */
  leave(start: Start, user?: string): void;
  /** Gives a place back. */
  release(user?: string): void;
}

/**
 * Shares places, such as connections. Work of no user goes first, and has a fifth of the places for itself. One user gets at
 * most half of the rest. Waiting users take turns.
 */
export function createFairQueue(places: number): FairQueue {
  const placesOfUsers = Math.max(1, places - Math.ceil(places / 5));
  const placesOfOne = Math.ceil(placesOfUsers / 2);
  const urgent = new Set<Start>();
  const waiting = new Map<string, Set<Start>>();
  const running = new Map<string, number>();
  let free = places;
  let freeForUsers = placesOfUsers;

  function startNext(): void {
    const [first] = urgent;
    if (free === 0) return;
    if (first) {
      urgent.delete(first);
      free -= 1;
      return first();
    }
    if (freeForUsers === 0) return;
    for (const [user, starts] of waiting) {
      const count = running.get(user) ?? 0;
      const [start] = starts;
      if (!start || count >= placesOfOne) continue;
      starts.delete(start);
      // The user's next turn comes after those of the others.
      waiting.delete(user);
      if (starts.size > 0) waiting.set(user, starts);
      running.set(user, count + 1);
      free -= 1;
      freeForUsers -= 1;
      return start();
    }
  }

  return {
    enter(start, user) {
      if (user === undefined) urgent.add(start);
      else waiting.set(user, (waiting.get(user) ?? new Set()).add(start));
      startNext();
    },
    leave(start, user) {
      const starts = user === undefined ? urgent : waiting.get(user);
      starts?.delete(start);
      if (user !== undefined && starts?.size === 0) waiting.delete(user);
    },
    release(user) {
      free += 1;
      if (user !== undefined) {
        freeForUsers += 1;
        const count = (running.get(user) ?? 1) - 1;
        if (count > 0) running.set(user, count);
        else running.delete(user);
      }
      startNext();
    },
  };
}
