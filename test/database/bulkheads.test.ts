import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Bulkhead } from '../../src/database/database.ts';
import { createBulkheads } from '../../src/database/postgres/bulkheads.ts';

/** The names of the jobs that run, in the order in which they began. */
let running: string[];
let ends: Map<string, () => void>;

beforeEach(() => {
  running = [];
  ends = new Map();
});

const alice = { user: 'alice' };
const bob = { user: 'bob' };

/** Makes bulkheads over connections, and a function that enqueues jobs there which run until they are told to end. */
function open(size: number) {
  const run = createBulkheads(size);
  return async (...jobs: [name: string, bulkhead: Bulkhead][]) => {
    for (const [name, bulkhead] of jobs) {
      void run(bulkhead, async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        running.push(name);
        ends.set(name, resolve);
        await promise;
        running.splice(running.indexOf(name), 1);
      });
      await turn();
    }
  };
}

async function end(...names: string[]): Promise<void> {
  for (const name of names) ends.get(name)?.();
  await turn();
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const jobsOf = (bulkhead: Bulkhead, prefix: string, count: number) =>
  names(prefix, count).map((name): [string, Bulkhead] => [name, bulkhead]);

describe('with ten connections', () => {
  test('creations and lookups have one each, in which the next waits for the last', async () => {
    const enqueue = open(10);
    await enqueue(...jobsOf('creations', 'c', 3), ...jobsOf('lookups', 'l', 3));
    expect(running).toEqual(['c0', 'l0']);
    await end('c0');
    expect(running).toEqual(['l0', 'c1']);
  });

  test('one user gets four of the eight others, and two users all of them', async () => {
    const enqueue = open(10);
    await enqueue(...jobsOf(alice, 'a', 9));
    expect(running).toEqual(names('a', 4));
    await enqueue(...jobsOf(bob, 'b', 9));
    expect(running).toEqual([...names('a', 4), ...names('b', 4)]);
  });

  test('creations and lookups run while users wait', async () => {
    const enqueue = open(10);
    await enqueue(...jobsOf(alice, 'a', 9), ...jobsOf(bob, 'b', 9), ['c', 'creations'], ['l', 'lookups']);
    expect(running.slice(8)).toEqual(['c', 'l']);
  });

  test('a third user waits for the first connection that is free, ahead of what came later', async () => {
    const enqueue = open(10);
    await enqueue(...jobsOf(alice, 'a', 9), ...jobsOf(bob, 'b', 9), ['carol', { user: 'carol' }]);
    await end('b2');
    expect(running).toHaveLength(8);
    expect(running.at(-1)).toBe('carol');
  });

  test('a user who has had no work in between gets no more than before', async () => {
    const enqueue = open(10);
    await enqueue(...jobsOf(alice, 'a', 5));
    await end(...names('a', 5));
    await end('a4');
    expect(running).toEqual([]);
    await enqueue(...jobsOf(alice, 'again', 9));
    expect(running).toEqual(names('again', 4));
  });
});

test('of five connections, one user gets two of three', async () => {
  const enqueue = open(5);
  await enqueue(['a', alice], ['b', alice], ['c', alice], ['d', bob]);
  expect(running).toEqual(['a', 'b', 'd']);
});

test('of two connections, creations and lookups share one, and users the other', async () => {
  const enqueue = open(2);
  await enqueue(['a', alice], ['b', bob], ['c', 'creations'], ['l', 'lookups']);
  expect(running).toEqual(['a', 'c']);
  await end('c');
  expect(running).toEqual(['a', 'l']);
});

test('of one connection, all work shares it, and one user cannot queue ahead of the others', async () => {
  const enqueue = open(1);
  await enqueue(['a', alice], ['a again', alice], ['c', 'creations'], ['b', bob]);
  const order = [];
  for (let count = 0; count < 4; count += 1) {
    order.push(...running);
    await end(...running);
  }
  expect(order).toEqual(['a', 'c', 'b', 'a again']);
});

test('a job that fails gives its connection back', async () => {
  const run = createBulkheads(1);
  await expect(run(alice, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await run(alice, async () => 'runs')).toBe('runs');
});
