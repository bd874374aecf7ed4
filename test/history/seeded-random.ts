/** Random choices that a seed decides. */
export interface Random {
  /** From 0 to below 1. */
  next: () => number;
  /** From `minimum` to below `maximum`. */
  between: (minimum: number, maximum: number) => number;
  /** Whether something that happens with this probability happens. */
  chance: (probability: number) => boolean;
  pick: <Item>(items: readonly [Item, ...Item[]]) => Item;
  /** Picks among names by their weights. */
  weighted: <Name extends string>(weights: readonly [readonly [Name, number], ...(readonly [Name, number])[]]) => Name;
  /** A generator of its own, which this one decides. */
  fork: () => Random;
}

/**
 * Makes a generator out of a seed.
 * @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (Mulberry32)
 */
export function createRandom(seed: number): Random {
  let state = seed;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    between: (minimum, maximum) => minimum + next() * (maximum - minimum),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    weighted(weights) {
      let left = next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of weights) {
        left -= weight;
        if (left < 0) return name;
      }
      return weights[0][0];
    },
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}
