import { sql } from 'drizzle-orm';

/**
 * A condition that is always true. Its statement fails with 55P03 when it has waited this long, in milliseconds, for a
 * row that another transaction holds, so that others have its connection meanwhile. It still waits for locks of tables,
 * which PostgreSQL takes before it evaluates anything.
 */
export const waitsAtMost = (limitMs: number) =>
  sql`(select set_config('lock_timeout', ${sql.raw(`'${limitMs}'`)}, true)) is not null`;

/** How long a user's own write waits for a row that is held, in milliseconds. It then waits for a connection again. */
export const waitsBriefly = waitsAtMost(200);
