import { hash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { refusal } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { checkString, maximumKeyLength } from '../domain/validation.ts';
import { badInput, CodedError } from '../errors.ts';
import { parseForm, parseJson, targetOf } from '../graphql/parameters.ts';
import { readCsv } from './csv.ts';
import { checkKnown, gather, type Source, type Sources } from './fields.ts';
import type { Operation } from './operations.ts';
import { chooseFormat, type Format } from './response.ts';
import { findRoute } from './router.ts';

/** The maximum number of items in a request. */
const maximumItems = 1000;
/** The maximum number of items that each ask for a list. */
const maximumLists = 10;

/** What a request asks for. */
export interface Call {
  operation: Operation;
  format: Format;
  /** Whether the route takes an array of items, and responds with an array. */
  takesItems: boolean;
  items: Sources[];
}

/** One item of a body, and its line if it is CSV. */
type Body = { source: Source; line?: number };

/**
 * Reads what a request asks for.
 * @throws UNAUTHENTICATED before the body is read, NOT_FOUND and BAD_USER_INPUT
 */
export async function readCall(request: IncomingMessage, context: Context): Promise<Call> {
  const { method = '', headers } = request;
  const { pathname, search } = targetOf(request);
  const { operation, pathFields, suffix, takesItems } = findRoute(method, pathname);
  // All operations need a viewer: refuse anonymous clients before anything that they sent is read.
  if (!context.viewer) throw refusal(null);
  const query = readForm(operation, search, 'The query string');
  const format = chooseFormat(suffix === undefined ? query.get('format') : [suffix], request);
  const takesKey = operation.fields['idempotencyKey'] !== undefined;
  const key = takesKey ? readKey(headers) : undefined;
  const bodies = hasBody(method) ? await readBodies(operation, takesItems, context) : [emptyBody];
  context.admit();
  if (takesKey) checkKeys(key, takesItems, query, bodies);
  if (!takesItems && bodies.length !== 1)
    throw new CodedError('BAD_USER_INPUT', `Send one item here, or several to /api/${operation.name}[].`);
  const limit = operation.returns === 'list' ? maximumLists : maximumItems;
  if (bodies.length > limit) throw new CodedError('BAD_USER_INPUT', `Send at most ${limit} items.`);
  const items = bodies.map(({ source, line }, index) => {
    // Each item of an array needs a key of its own, which a retry of the whole array makes again.
    const idempotencyKey = key !== undefined && takesItems ? hash('sha256', `${index} ${key}`) : key;
    const place = `Item ${index + 1}${line === undefined ? '' : ` (line ${line})`}`;
    return { query, body: source, request: gather(Object.entries({ ...pathFields, idempotencyKey })), place };
  });
  return { operation, format, takesItems, items };
}

export function hasBody(method: string): boolean {
  return method === 'POST' || method === 'PATCH';
}

function readKey({ 'idempotency-key': key }: IncomingHttpHeaders): string | undefined {
  if (key === undefined) return undefined;
  if (/^[\x20-\x7e]*$/.test(String(key))) return checkString('idempotencyKey', String(key), maximumKeyLength, 1);
  // Node.js reads other bytes as Latin-1, so the key would be another one than in a body.
  throw badInput('idempotencyKey', 'The header Idempotency-Key must be ASCII.');
}

/** Refuses several keys, of which some would be lost. @param key is that of the header @throws BAD_USER_INPUT */
function checkKeys(key: string | undefined, takesItems: boolean, query: Source, bodies: Body[]): void {
  const inQuery = query.get('idempotencykey') ?? [];
  if (takesItems && inQuery.length > 0)
    throw badInput('idempotencyKey', 'Send the key of an array in the header Idempotency-Key.');
  const others = bodies.flatMap(({ source }) => source.get('idempotencykey') ?? []);
  if (key !== undefined && [...inQuery, ...others].some((other) => other !== key && other !== null))
    throw badInput('idempotencyKey', 'Send one key: in the header Idempotency-Key, or as "idempotencyKey".');
}

const emptyBody: Body = { source: gather([]) };

/**
 * Reads the items of a body: one, or several in a JSON array or in CSV.
 * @throws BAD_USER_INPUT, with 413 for a body that is too large and 415 for a media type that is not supported
 */
async function readBodies(operation: Operation, takesItems: boolean, context: Context): Promise<Body[]> {
  const body = await context.readBody();
  if (body.trim() === '') return takesItems ? [] : [emptyBody];
  const { mediaType } = context;
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  const isCsv = mediaType === 'text/csv';
  // curl calls any body a form, and the documentation of the API that this one replaces sends JSON as text/csv.
  const isJson = (isForm || isCsv || mediaType === undefined) && /^\s*[[{]/.test(body);
  if (isJson || mediaType === 'application/json') return readJson(body);
  if (isForm) return [{ source: readForm(operation, body.trimStart(), 'The body') }];
  if (isCsv) {
    const { names, rows } = readCsv(body);
    checkKnown(operation, gather(names.map((name) => [name, undefined])));
    const entries = (cells: string[]) => cells.map((cell, index): [string, string] => [names[index] ?? '', cell]);
    return rows.map(({ cells, line }) => ({ source: gather(withoutEmpty(entries(cells))), line }));
  }
  const message = 'Send the body as application/json, application/x-www-form-urlencoded or text/csv.';
  throw new CodedError('BAD_USER_INPUT', message, { status: 415 });
}

function readJson(body: string): Body[] {
  const items: unknown[] = [parseJson('The body', body)].flat();
  return items.map((item) => {
    if (typeof item === 'object' && item !== null && !Array.isArray(item))
      return { source: gather(Object.entries(item)) };
    throw new CodedError('BAD_USER_INPUT', 'Send a JSON object, or an array of objects where the route takes a list.');
  });
}

/** Reads a query string or a form. @throws BAD_USER_INPUT if it has bytes that are not UTF-8 */
function readForm({ returns }: Operation, form: string, what: string): Source {
  const entries = [...parseForm(what, form)];
  return gather(withoutEmpty(returns === 'list' ? entries.map(([name, value]) => [name, unquote(value)]) : entries));
}

/** Takes off the quotes that ServiceStack's clients put around a string with a comma. */
function unquote(value: string): string {
  return /^".*"$/s.test(value) ? value.slice(1, -1).replaceAll('""', '"') : value;
}

/** In a query string, a form or CSV, an empty string is no value. */
function withoutEmpty<Value>(entries: [string, Value][]): [string, Value | undefined][] {
  return entries.map(([name, value]) => [name, value === '' ? undefined : value]);
}
