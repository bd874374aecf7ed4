import type { IncomingHttpHeaders } from 'node:http';
import type { Viewer } from './auth/viewer.ts';
import type { UserDatabase } from './database/database.ts';
import type { Logger } from './log.ts';

/** What every request carries, through both APIs. */
export interface Context {
  /** The database, for the work of the viewer. */
  database: UserDatabase;
  headers: IncomingHttpHeaders;
  /** Null when the request is not signed in. */
  viewer: Viewer | null;
  /** Adds the request's id to every line. */
  log: Logger;
  /** What the log line of the request will say, filled in as it becomes known. */
  logFields: { operation?: string; viewer?: string; errors?: string[] };
  /**
   * Takes a place among the running requests, and one among the streamed lists if it is one. Throws SERVICE_UNAVAILABLE
   * when all are taken, RATE_LIMITED when the viewer has too many.
   */
  takePlace: () => void;
  takeStream: () => void;
  /** Counts a creation of the viewer. Throws RATE_LIMITED when it is one too many. */
  countCreation: (viewer: Viewer) => Promise<void>;
  /** How many items the lists of the request may still ask for. */
  itemsLeft: number;
  /** What the operation asks for, once that is known. */
  cost: number;
}
