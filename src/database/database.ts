import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** Drizzle on either database: what both share. */
export type Orm = PgDatabase<PgQueryResultHKT>;

/** What runs on a database, and what it returns. */
export type Work<T> = (orm: Orm) => Promise<T>;

/**
 * Whose connections work uses, so that slow work holds up none but its own kind: `creations` are the batches of new
 * sessions, `lookups` the quick reads for everyone, and each user has a fair share of all other connections.
 */
export type Bulkhead = 'creations' | 'lookups' | { user: string };

export interface Database {
  /** What logs and people see: no password. */
  readonly description: string;
  /** How long work may take, with its wait for a connection, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Runs statements. After a serialization failure, a deadlock, a lost connection, or a wait for a row that was too
   * long (`waitsBriefly`), `work` runs again, whole: it must have no other effect, and running it twice must write the
   * same rows.
   * @throws SERVICE_UNAVAILABLE when the database cannot be reached or misses the deadline
   */
  run<T>(work: Work<T>, bulkhead: Bulkhead): Promise<T>;
  close(): Promise<void>;
}

/** The database for the requests of one user. */
export interface UserDatabase {
  /** The database without a user, for batches, which are of many users. */
  readonly whole: Database;
  /** Runs the user's own work, as `Database.run` does. */
  run<T>(work: Work<T>): Promise<T>;
}

export function databaseFor(whole: Database, user: string): UserDatabase {
  return { whole, run: (work) => whole.run(work, { user }) };
}
