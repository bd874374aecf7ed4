import { ServiceUnavailableError } from '../errors.ts';
import { batchSize } from '../observability/metrics.ts';
import { linkToOperation, traceShared } from '../observability/traces.ts';

/** The most items of a batch. */
const batchLimit = 500;

/**
 * Makes a function that does its work for many requests at once. Items that arrive while a batch is running form the next
 * one: a lone request never waits, and concurrent ones share the cost of a statement.
 *
 * If a batch fails, each of its items is tried alone, so that only the faulty one fails. But if the database is
 * unavailable, the batch and the queue are rejected: they have waited for the whole deadline already.
 * @param name tells in metrics and traces what the work is
 * @param work does a batch, wholly or not at all; its results are in the order of the items
 */
export function batch<Item, Result>(name: string, work: (items: Item[]) => Promise<Result[]>) {
  interface Entry {
    item: Item;
    links: ReturnType<typeof linkToOperation>;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  const queue: Entry[] = [];
  let isRunning = false;

  /** @throws what `work` throws */
  async function run(entries: Entry[]): Promise<void> {
    batchSize.observe({ work: name }, entries.length);
    const links = entries.flatMap((entry) => entry.links);
    const results = await traceShared(name, links, () => work(entries.map(({ item }) => item)));
    for (const [index, result] of results.entries()) entries[index]?.resolve(result);
  }

  async function runOneByOne(entries: Entry[]): Promise<void> {
    for (const entry of entries) await run([entry]).catch(entry.reject);
  }

  async function runQueue(): Promise<void> {
    isRunning = true;
    while (queue.length > 0) {
      const entries = queue.splice(0, batchLimit);
      try {
        await run(entries);
      } catch (error) {
        if (error instanceof ServiceUnavailableError) {
          for (const { reject } of [...entries, ...queue.splice(0)]) reject(error);
        } else await runOneByOne(entries);
      }
    }
    isRunning = false;
  }

  return (item: Item): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    queue.push({ item, links: linkToOperation(), resolve, reject });
    if (!isRunning) void runQueue();
    return promise;
  };
}
