import { sql } from 'drizzle-orm';
import { failureOf } from './failures.ts';

/**
 * A condition that is always true. Its statement fails with 55P03 when it has waited for 5 milliseconds for a row that
 * another transaction holds, so that others have its connection meanwhile. It still waits for locks of tables, which
 * PostgreSQL takes before it evaluates anything.
 */
export const waitsBriefly = sql`(select set_config('lock_timeout', '5', true)) is not null`;

/** Handles the error of a statement that waited too long for a row. @returns its result then */
export function whenHeld<const Result>(result: Result): (error: unknown) => Result {
  return (error) => {
    if (failureOf(error)?.kind === 'rowHeld') return result;
    throw error;
  };
}
