import { sql } from 'drizzle-orm';

/**
 * A condition that is always true. Its statement waits for 20 milliseconds at most for a row that another transaction
 * holds, and then fails with 55P03, so that others have its connection meanwhile. It still waits for locks of tables,
 * which PostgreSQL takes before it evaluates anything.
 */
export const waitsBriefly = sql`(select set_config('lock_timeout', '20ms', true)) is not null`;

/** How long to wait before another look at a row that is held, in milliseconds. */
export const heldRowPauseMs = 200;
