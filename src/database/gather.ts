import { CodedError } from '../errors.ts';

/**
 * Makes a function that does its work for many callers at once: what is asked for while a batch is under way gathers, and
 * goes into the next one. So a lone caller waits for nothing, and a crowd shares what each batch costs.
 *
 * A batch that fails is done again, each of its items alone, so that the fault of one is its own. Only where the database
 * is away do all fail at once, and those who wait behind them: they have waited for its whole time already.
 * @param work does a batch, wholly or not at all; its results are in the order of the items
 * @param batchLimit the most items of a batch
 */
export function gather<Item, Result>(work: (items: Item[]) => Promise<Result[]>, batchLimit: number) {
  interface Waiting {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let isWorking = false;

  async function workOn(batch: Waiting[], isSecondTime = false): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item));
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
    } catch (error) {
      if (error instanceof CodedError) for (const { reject } of [...batch, ...waiting.splice(0)]) reject(error);
      else if (isSecondTime) for (const { reject } of batch) reject(error);
      else for (const one of batch) await workOn([one], true);
    }
  }

  async function workOff(): Promise<void> {
    isWorking = true;
    while (waiting.length > 0) await workOn(waiting.splice(0, batchLimit));
    isWorking = false;
  }

  return (item: Item): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    waiting.push({ item, resolve, reject });
    if (!isWorking) void workOff();
    return promise;
  };
}
