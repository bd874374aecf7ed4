import type { UserDatabase, Work } from '../database/database.ts';
import { errorCode } from '../errors.ts';
import { audit, type Action, type Written } from '../observability/audit-log.ts';
import type { Logger } from '../observability/log.ts';
import type { RateLimit } from './rate-limit.ts';

/** Who writes, where, and what takes note of it. The context of a request is one. */
export interface Writer {
  database: UserDatabase;
  viewer: { id: string };
  log: Logger;
  rateLimit: RateLimit;
}

/** Counts the runs of a write whose outcome is unknown: they go on, or their response was lost. */
export interface Runs {
  unsettled: number;
}

/** What a write came to. A creation may find what an earlier request created. */
type Result<T> = { kind: 'written'; value: T; accountId: string | null | undefined } | { kind: 'found'; value: T };

/**
 * Does a write, and logs it once: as done, or as of unknown outcome if it failed but may have been done.
 * @param ids what is known before
 * @param write does it by `runWrites`
 * @param end called with whether anything was written, or may have been
 */
export async function logWrite<T>(
  writer: Writer,
  action: Action,
  ids: Written,
  write: (runs: Runs) => Promise<Result<T>>,
  end = (_isWritten: boolean) => {},
): Promise<T> {
  const runs = { unsettled: 0 };
  try {
    const result = await write(runs);
    const isWritten = result.kind === 'written';
    if (isWritten) audit(action, { ...ids, accountId: result.accountId }, writer);
    end(isWritten);
    return result.value;
  } catch (error) {
    const mayBeWritten = runs.unsettled > 0;
    if (mayBeWritten) audit(`${action}: outcome unknown`, ids, writer);
    end(mayBeWritten);
    throw error;
  }
}

/** Runs the statement of some writes, and counts its runs for each of them. */
export async function runWrites<T>(
  database: Pick<UserDatabase, 'run'>,
  writes: readonly Runs[],
  statement: Work<T>,
): Promise<T> {
  const count = (change: number) => {
    for (const write of writes) write.unsettled += change;
  };
  const result = await database.run(async (orm) => {
    count(1);
    try {
      return await statement(orm);
    } catch (error) {
      if (isRefusal(error)) count(-1);
      throw error;
    }
  });
  count(-1);
  return result;
}

/** Whether PostgreSQL said that a statement wrote nothing. It may say that it shuts down after a commit (57P01). */
function isRefusal(error: unknown): boolean {
  return /^(?!08|57P|E)[0-9A-Z]{5}$/.test(errorCode(error));
}
