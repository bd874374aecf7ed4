/** Where the server is, and how to reach it. Without `token`, requests are anonymous. */
export interface Connection {
  url: string;
  token?: string;
  fetch: typeof fetch;
  /** Whether the server runs trusted documents only, so that clients send their IDs. */
  isTrusted?: boolean;
}

export interface NewSession {
  accountId: string;
  purpose: string;
  /** Made once for each session, however often its creation is sent. */
  idempotencyKey?: string;
}

/** What each of the clients does, so that the same tests run on all. */
export interface Client {
  create: (input: NewSession) => Promise<{ id: string; purpose: string | null; dateCreated: Date }>;
  /** Reads page after page; answers the IDs of all sessions of the account. */
  list: (accountId: string, pageSize: number) => Promise<string[]>;
  /** Answers the new purpose. */
  patch: (id: string, purpose: string) => Promise<string | null | undefined>;
  /** Answers the ID of what was deleted. */
  remove: (id: string) => Promise<string | null | undefined>;
  /** Reads the code of an error that one of the above threw. */
  codeOf: (error: unknown) => unknown;
}

export const authorization = (token: string | undefined): Record<string, string> =>
  token ? { Authorization: `Bearer ${token}` } : {};

/** What an answer without errors has, though the schema lets it be null. */
export function present<T>(value: T | null | undefined): T {
  if (value == null) throw new Error('the answer lacks what was asked for');
  return value;
}
