import type { IncomingHttpHeaders } from 'node:http';
import type { Viewer } from './auth/viewer.ts';
import type { UserDatabase } from './database/database.ts';
import type { RateLimit } from './domain/rate-limit.ts';
import type { ServiceUnavailableError } from './errors.ts';
import type { LogFields, Logger } from './observability/log.ts';

/** What every request carries, through both APIs. */
export interface Context {
  /** The database, for the work of the viewer. */
  database: UserDatabase;
  headers: IncomingHttpHeaders;
  /** What every response has. Operations write theirs together: setting one by one takes a twelfth of their time. */
  responseHeaders: Record<string, string>;
  /** Of the body, without its parameters and in lower case. */
  mediaType: string | undefined;
  /** Reads the body. Throws BAD_USER_INPUT: with 413 when it is over 100 kB, with 415 when it is encoded. */
  readBody: () => Promise<string>;
  /** Null when the request is not signed in. */
  viewer: Viewer | null;
  /** Adds the request's id to every line. */
  log: Logger;
  logFields: LogFields;
  /** Logs what is unavailable, without a line for each request. */
  logOutage: (error: ServiceUnavailableError) => void;
  /**
   * Takes a slot among the running requests, and one among the streamed lists if it is one. Throws SERVICE_UNAVAILABLE
   * when all are taken, RATE_LIMITED when the viewer has too many.
   */
  admit: () => void;
  admitStream: () => void;
  rateLimit: RateLimit;
  /** How many items the lists of the request may still ask for. */
  itemsLeft: number;
  /** Whether the document comes from the manifest of trusted documents. */
  isTrusted: boolean;
  /** What the operation asks for, once that is known. */
  cost: number;
}

/**
 * Sets the viewer of a request by its Authorization header.
 * @throws UNAUTHENTICATED, SERVICE_UNAVAILABLE
 */
export type SignIn = (authorization: string | undefined, context: Context) => Promise<void>;
