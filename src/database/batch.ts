import { ServiceUnavailableError } from '../errors.ts';
import { batchSize } from '../observability/metrics.ts';
import { linkToOperation, traceShared } from '../observability/traces.ts';
import type { Deadline } from './deadline.ts';

/**
 * Makes a function that does its work for many requests at once. Items that arrive while a batch is running form the next
 * one: a lone request never waits, and concurrent ones share the cost of a statement.
 *
 * If a batch fails, each of its items is tried alone, so that only the faulty one fails; not if the database is
 * unavailable. An item whose deadline has passed is left out.
 * @param name tells in metrics and traces what the work is
 * @param work does a batch, wholly or not at all; its results are in the order of the items
 * @param limit how many items a batch has at most
 */
export function batch<Item, Result>(name: string, work: (items: Item[]) => Promise<Result[]>, limit = 500) {
  interface Entry {
    item: Item;
    deadline: Deadline;
    links: ReturnType<typeof linkToOperation>;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  const queue: Entry[] = [];
  let isRunning = false;

  async function run(all: Entry[]): Promise<void> {
    const entries = all.filter(({ deadline }) => !deadline.hasPassed);
    if (entries.length === 0) return;
    batchSize.observe(entries.length, { work: name });
    const links = entries.flatMap((entry) => entry.links);
    try {
      const results = await traceShared(name, links, () => work(entries.map(({ item }) => item)));
      for (const [index, result] of results.entries()) entries[index]?.resolve(result);
    } catch (error) {
      if (entries.length === 1 || error instanceof ServiceUnavailableError)
        for (const { reject } of entries) reject(error);
      else for (const entry of entries) await run([entry]);
    }
  }

  async function runQueue(): Promise<void> {
    isRunning = true;
    while (queue.length > 0) await run(queue.splice(0, limit));
    isRunning = false;
  }

  return (item: Item, deadline: Deadline): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    queue.push({ item, deadline, links: linkToOperation(), resolve, reject });
    if (!isRunning) void runQueue();
    return promise;
  };
}
