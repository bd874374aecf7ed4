import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** Drizzle on either database: what both share. */
export type Orm = PgDatabase<PgQueryResultHKT>;

export interface Database {
  /** Absent, unless this is one user's share. It takes what must not wait behind reads, such as creations. */
  readonly shared?: Database;
  /** The user of this share. */
  readonly user?: string;
  /** What logs and people see: no password. */
  readonly description: string;
  /**
   * Runs statements. After a serialization failure, a deadlock or a lost connection, `work` runs again, whole: it must have
   * no other effect, and running it twice must write the same rows.
   * @param user whose share of the connections the work takes; without, it has connections of its own
   * @throws SERVICE_UNAVAILABLE when the database cannot be reached or misses the deadline
   */
  run<T>(work: (orm: Orm) => Promise<T>, user?: string): Promise<T>;
  close(): Promise<void>;
}

/** The database for the work of one user, who gets a fair share of its connections. */
export function shareFor(database: Database, user: string): Database {
  return { ...database, shared: database, user, run: (work) => database.run(work, user) };
}
