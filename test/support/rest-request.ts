import type { TestServer } from './test-server.ts';

interface SendOptions {
  /** Null: signed out. Left out: signed in as the administrator alice. */
  token?: string | null;
  headers?: Record<string, string>;
  /** A text goes as it is, anything else as JSON. */
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface Session {
  id: string;
  dateCreated: string;
  dateLastModified: string;
  createdBy: string;
  lastModifiedBy: string;
  accountId: string | null;
  accountName: string | null;
  purpose: string | null;
}

export interface SessionList {
  items: Session[];
  totalCount?: number;
  totalPages?: number;
  hasMorePages: boolean;
}

interface Failure {
  errorCode: string;
  message: string;
  errors: { errorCode: string; fieldName: string; message: string }[];
}

/** Sends a request to the server, and reads its answer to the end. */
export async function send(
  { url, tokenFor }: TestServer,
  method: string,
  path: string,
  { token, headers, body }: SendOptions = {},
): Promise<Answer> {
  const bearer = token === undefined ? await tokenFor('alice') : token;
  const isText = typeof body === 'string';
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && !isText && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  // The method text() of a response would swallow a byte-order mark.
  const text = Buffer.from(await response.arrayBuffer()).toString();
  return { status: response.status, headers: response.headers, text };
}

export function readSession({ text }: Answer): Session {
  return JSON.parse(text);
}

export function readSessions({ text }: Answer): Session[] {
  return JSON.parse(text);
}

export function readList({ text }: Answer): SessionList {
  return JSON.parse(text);
}

/** Reads the error of an answer. */
export function readFailure({ text }: Answer): Failure {
  return JSON.parse(text).responseStatus;
}

/** Creates a session over the REST API. */
export async function makeSession(server: TestServer, fields: object = {}): Promise<Session> {
  return readSession(await send(server, 'POST', '/ai/sessions', { body: fields }));
}

/**
 * Changes a session until its date is another one than that of `other`, which was changed last: dates have milliseconds, and
 * the id decides among equals.
 */
export async function changeAfter(server: TestServer, id: string, other: Session): Promise<void> {
  let changed = other;
  for (let change = 1; changed.dateLastModified === other.dateLastModified; change += 1) {
    changed = readSession(await send(server, 'PATCH', `/ai/sessions/${id}`, { body: { purpose: `change ${change}` } }));
  }
}

/** Writes a query string: lists are joined by commas. */
export function query(fields: Record<string, string | number | boolean | string[]>): string {
  return `?${new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)])).toString()}`;
}
