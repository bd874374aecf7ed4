/** A session as an answer or the database shows it. */
export interface Session {
  id: string;
  purpose: string | null;
  accountId: string | null;
  /** Left out where only the database was asked. */
  accountName?: string | null;
  createdBy: string;
  lastModifiedBy: string;
  dateCreated: string;
  dateLastModified: string;
}

/** What a client asks for. */
export type Request =
  | { action: 'create'; by: 'GraphQL' | 'REST'; key: string; purpose: string; accountId: string | null }
  | { action: 'read'; by: 'aiSession' | 'node' | 'REST'; id: string }
  | { action: 'list'; ids: string[] }
  | { action: 'newest'; count: number }
  | { action: 'patch'; id: string; purpose: string }
  | { action: 'delete'; id: string };

export type Action = Request['action'];

/** How a request ended. */
export type Outcome =
  /** `sessions` is empty where a session was not found. */
  | { kind: 'ok'; sessions: Session[]; deletedId?: string }
  | { kind: 'error'; code: string; hasData: boolean }
  /** The connection broke, nothing came in time, or the server said SERVICE_UNAVAILABLE: a change may have been made. */
  | { kind: 'unknown'; reason: string };

/** A request and its answer. Times are in milliseconds since the run began, by one clock. */
export interface Operation {
  number: number;
  client: string;
  /** The server that was asked. */
  server: string;
  user: string;
  invoked: number;
  /** Infinity without an answer. */
  completed: number;
  request: Request;
  outcome: Outcome;
}

/** A key and the session that it created, as the database has them. */
export interface KeyRow {
  user: string;
  key: string;
  sessionId: string;
}

/** What the database held after all requests had ended. */
export interface Content {
  sessions: Session[];
  keys: KeyRow[];
}

/** A line of a server's log that tells of a write. */
export interface AuditLine {
  /** The number of the operation. */
  request: number;
  action: 'create' | 'patch' | 'delete';
  sessionId: string;
  /** False where the server does not know whether it wrote. */
  isKnown: boolean;
}

/** What the servers logged of their writes, and when one was killed, which may have lost lines. */
export interface Audit {
  lines: AuditLine[];
  kills: { server: string; at: number }[];
}

/** All that a run recorded. A history that was broken off has no content, and an old one no audit. */
export interface History {
  operations: Operation[];
  content: Content | undefined;
  audit: Audit | undefined;
}

/** A line of the file that a run writes. */
export type HistoryLine =
  | ({ type: 'request' } & Pick<Operation, 'number' | 'client' | 'server' | 'user' | 'request'> & { at: number })
  | ({ type: 'answer' } & Pick<Operation, 'number' | 'outcome'> & { at: number })
  | { type: 'fault'; at: number; name: string; detail: string; killed?: string | undefined; phase: 'begins' | 'ends' }
  | ({ type: 'audit' } & AuditLine)
  | { type: 'session'; session: Session }
  | { type: 'key'; key: KeyRow }
  | { type: 'end'; at: number; hasAudit?: true };
