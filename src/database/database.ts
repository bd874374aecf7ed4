import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** Drizzle on either database: what both share. */
export type Orm = PgDatabase<PgQueryResultHKT>;

export interface Database {
  /** What logs and people see: no password. */
  readonly description: string;
  /**
   * Runs statements. After a serialization failure, a deadlock or a lost connection, `work` runs again, whole: it must have
   * no other effect, and running it twice must write the same rows.
   * @throws SERVICE_UNAVAILABLE when the database cannot be reached or misses the deadline
   */
  run<T>(work: (orm: Orm) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
