import type { Database } from '../../src/database/database.ts';
import { DatabaseFailure } from '../../src/database/failures.ts';
import { ServiceUnavailableError } from '../../src/errors.ts';

type Loss =
  /** The connection is lost once the work is done, which then runs again. */
  | 'response'
  /** The deadline passes, though the work is done. */
  | 'deadline'
  /** The deadline passes before the work begins. */
  | 'request'
  | 'nothing';

/** Makes a database that fails when a test says so. */
export function createLossyDatabase() {
  const losses: Loss[] = [];
  /** Takes the next loss, if it is of this kind. */
  function takes(kind: Loss): boolean {
    const isNext = losses[0] === kind;
    if (isNext) losses.shift();
    return isNext;
  }
  return {
    /** The next pieces of work are lost so, in turn. */
    lose: (...coming: Loss[]) => void losses.push(...coming),
    wrap: (database: Database): Database => ({
      ...database,
      async run(work, bulkhead) {
        if (takes('request')) throw new ServiceUnavailableError('The database');
        const isLate = takes('deadline');
        const result = await database.run(async (orm) => {
          const done = await work(orm);
          if (takes('response')) throw new DatabaseFailure('08006', 'the connection was lost');
          takes('nothing');
          return done;
        }, bulkhead);
        if (isLate) throw new ServiceUnavailableError('The database');
        return result;
      },
    }),
  };
}
