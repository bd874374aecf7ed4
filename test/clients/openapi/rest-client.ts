import { present } from '../client';

/** Where the REST API is. Without `token`, requests are anonymous. */
export interface RestConnection {
  origin: string;
  token?: string;
}

export interface Session {
  id: string;
  accountId: string | null;
  purpose: string | null;
  dateCreated: string;
}

export type Outcome<Value> = { kind: 'done'; value: Value } | { kind: 'refused'; status: number; errorCode: string };

/** What each of the generated clients does, so that the same tests run on all. */
export interface RestClient {
  create: (input: { accountId: string; purpose: string }, idempotencyKey: string) => Promise<Outcome<Session>>;
  get: (sessionId: string) => Promise<Outcome<Session>>;
  list: (accountIds: string[], countPerPage: number) => Promise<Outcome<{ items: Session[]; hasMorePages: boolean }>>;
  patch: (sessionId: string, purpose: string) => Promise<Outcome<Session>>;
  /** Answers the ID of what was deleted. */
  remove: (sessionId: string) => Promise<Outcome<string>>;
}

interface Failure {
  responseStatus: { errorCode: string };
}

export const done = <Value>(value: Value): Outcome<Value> => ({ kind: 'done', value });

export function refused(status: number, { responseStatus }: Failure): Outcome<never> {
  return { kind: 'refused', status, errorCode: responseStatus.errorCode };
}

/** An answer of a client that has either data or an error. */
interface Answer<Data> {
  data?: Data | undefined;
  error?: Failure | undefined;
  response?: Response | undefined;
}

export function outcomeOf<Data>({ data, error, response }: Answer<Data>): Outcome<Data> {
  return error ? refused(present(response).status, error) : done(present(data));
}
