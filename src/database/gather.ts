/**
 * Makes a function that does its work for many callers at once: what is asked for while a batch is under way gathers, and
 * goes into the next one. So a lone caller waits for nothing, and a crowd shares what each batch costs.
 *
 * When a batch fails, those who wait behind it fail with it: they have waited for its whole time already.
 * @param work does a batch; its results are in the order of the items
 * @param batchLimit the most items of a batch
 */
export function gather<Item, Result>(work: (items: Item[]) => Promise<Result[]>, batchLimit: number) {
  interface Waiting {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isWorking = false;

  async function workOff(): Promise<void> {
    isWorking = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchLimit);
      try {
        const results = await work(batch.map(({ item }) => item));
        for (const [index, result] of results.entries()) batch[index]?.resolve(result);
      } catch (error) {
        for (const { reject } of [...batch, ...waiting.splice(0)]) reject(error);
      }
    }
    isWorking = false;
  }

  return (item: Item): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    waiting.push({ item, resolve, reject });
    if (!isWorking) void workOff();
    return promise;
  };
}
