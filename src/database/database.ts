import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { serviceUnavailable } from '../errors.ts';

/** Drizzle on either database: what both share. */
export type Orm = PgDatabase<PgQueryResultHKT>;

export interface Database {
  /** What people are told about it: no password. */
  readonly description: string;
  /**
   * Runs statements. Work that meets a serialization failure, a deadlock or a lost connection is run again, whole: so it
   * must do nothing else, and write the same when it is done twice.
   * @throws SERVICE_UNAVAILABLE when the database cannot be reached, or has not answered before the deadline
   */
  run<T>(work: (orm: Orm) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Makes `Database.run`.
 * @param orm the pool to use: each time asked anew, for it may have been replaced
 * @param timeoutMs how long work may take, all attempts together
 * @param onLost is told a pool whose connections failed or did not answer, and may never do so again
 */
export function createRunner(
  orm: () => Orm,
  timeoutMs: number,
  onLost: (orm: Orm) => void = () => {},
): Database['run'] {
  return async <T>(work: (orm: Orm) => Promise<T>) => {
    let used = orm();
    let isOver = false;
    const attempt = async (conflictsLeft: number, lossesLeft: number): Promise<T> => {
      try {
        used = orm();
        return await work(used);
      } catch (error) {
        // What failed since is of no pool that is still in use, and nobody waits for another attempt.
        if (isOver) throw error;
        const code = errorCode(error);
        if (conflict.test(code) && conflictsLeft > 0) return attempt(conflictsLeft - 1, lossesLeft);
        if (connectionLost.test(code)) onLost(used);
        if (connectionLost.test(code) && lossesLeft > 0) return attempt(conflictsLeft, lossesLeft - 1);
        throw isUnavailability(error) ? serviceUnavailable('The database', error) : error;
      }
    };
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(serviceUnavailable('The database'));
      onLost(used);
    }, timeoutMs);
    try {
      return await Promise.race([attempt(4, 1), expired]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  };
}

/** Serialization failure and deadlock. */
const conflict = /^(40001|40P01)$/;
/** Shut down, read-only (a standby), or codes of postgres.js and of sockets. */
const connectionLost = /^(08...|57P0.|25006)$|^CONNECT|^E[A-Z]{4,}$/;
/** Insufficient resources, and a statement that was cancelled. */
const outOfResources = /^(53...|57014)$/;

/** Whether an error tells that the database cannot serve now, rather than that something is wrong with what it was asked. */
export function isUnavailability(error: unknown): boolean {
  return [conflict, connectionLost, outOfResources].some((codes) => codes.test(errorCode(error)));
}

/**
 * Whether an error that nobody caught is postgres.js's own, at the loss of a connection: it may write to the socket that
 * has just closed (porsager/postgres#1154). Those who wait for that connection are answered at their deadline.
 */
export function isLossOfConnection(error: unknown): boolean {
  return isUnavailability(error) || (error instanceof TypeError && /at Immediate\.nextWrite\b/.test(error.stack ?? ''));
}

/** The SQLSTATE, or the code of the driver or the system, underneath what Drizzle wraps; empty for other errors. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause);
}
