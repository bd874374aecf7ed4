import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GRAPHQL_MAX_INT, Kind, parse, print } from 'graphql';
import { refusal } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { readCsv } from './csv.ts';
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
  items: Item[];
}

/** The input of one run of an operation. */
export interface Item {
  variables: Fields;
  /** The flags that are on. */
  flags: Set<string>;
}

export type Fields = Record<string, unknown>;

/**
 * Reads what a request asks for.
 * @throws UNAUTHENTICATED before the body is read, NOT_FOUND and BAD_USER_INPUT
 */
export async function readCall(request: IncomingMessage, context: Context): Promise<Call> {
  const { method = '', url = '/', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const { operation, pathFields, suffix, takesItems } = findRoute(method, pathname);
  const [, asked] = [...searchParams].find(([name]) => name.toLowerCase() === 'format') ?? [];
  const format = chooseFormat(suffix ?? asked, request);
  // All operations need a viewer: refuse anonymous clients before they send a body.
  if (!context.viewer) throw refusal(null);
  const bodies = hasBody(method) ? await readBodies(context) : [{}];
  context.admit();
  if (!takesItems && bodies.length !== 1)
    throw new CodedError('BAD_USER_INPUT', 'Send one item, or add [] to the route.');
  const limit = operation.returns === 'list' ? maximumLists : maximumItems;
  if (bodies.length > limit) throw new CodedError('BAD_USER_INPUT', `Send at most ${limit} items.`);
  const key = headers['idempotency-key'];
  const queryFields = fromStrings(searchParams);
  const items = bodies.map((body, index) => {
    // Each item of an array needs a key of its own, which a retry of the whole array makes again.
    const idempotencyKey = takesItems ? hash('sha256', `${index} ${String(key)}`) : key;
    const keyFields = key === undefined ? {} : { idempotencyKey };
    return readItem(operation, [queryFields, body, pathFields, keyFields]);
  });
  return { operation, format, takesItems, items };
}

export function hasBody(method: string): boolean {
  return method === 'POST' || method === 'PATCH';
}

/**
 * Reads the items of a body: one, or several in a JSON array or in CSV.
 * @throws BAD_USER_INPUT, with 413 for a body that is too large and 415 for a media type that is not supported
 */
async function readBodies({ mediaType, readBody }: Context): Promise<Fields[]> {
  const body = await readBody();
  if (body.trim() === '') return [{}];
  // The documentation of the API that this one replaces sends JSON as text/csv.
  const isJson = mediaType === 'application/json' || (mediaType === 'text/csv' && /^\s*[[{]/.test(body));
  if (isJson) return readJson(body);
  if (mediaType === 'application/x-www-form-urlencoded') return [fromStrings(new URLSearchParams(body))];
  if (mediaType === 'text/csv') return valid('CSV', () => readCsv(body)).map((row) => fromStrings(Object.entries(row)));
  const message = 'Send the body as application/json, application/x-www-form-urlencoded or text/csv.';
  throw new CodedError('BAD_USER_INPUT', message, { status: 415 });
}

function readJson(body: string): Fields[] {
  const items: unknown[] = [valid('JSON', (): unknown => JSON.parse(body))].flat();
  if (items.every((item): item is Fields => typeof item === 'object' && item !== null && !Array.isArray(item)))
    return items;
  throw new CodedError('BAD_USER_INPUT', 'Send a JSON object, or an array of objects where the route takes a list.');
}

function valid<Value>(format: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', `The body is not valid ${format}.`, { cause });
  }
}

/** Reads the fields of a query string, a form or a CSV row, where an empty string means no value. */
function fromStrings(entries: Iterable<[string, string]>): Fields {
  return Object.fromEntries([...entries].filter(([, value]) => value !== ''));
}

/** Picks an operation's fields and flags, whose names may be in any case. Later sources win. */
function readItem(operation: Operation, sources: Fields[]): Item {
  const { fields, enumAliases = {}, flags = {} } = operation;
  const given = new Map(sources.flatMap(Object.entries).map(([name, value]) => [name.toLowerCase(), value]));
  const variables: Fields = {};
  for (const name of Object.keys(fields)) {
    const value: unknown = given.get(name.toLowerCase());
    if (value === undefined) continue;
    const aliases = Object.entries(enumAliases[name] ?? {});
    const [, enumValue] = aliases.find(([alias]) => alias.toLowerCase() === toString(value).toLowerCase()) ?? [];
    variables[name] = enumValue ?? parseValue(value, variableTypes(operation).get(name));
  }
  const isOn = (flag: string) => /^(true|1|on)$/i.test(toString(given.get(flag.toLowerCase())));
  return { variables, flags: new Set(Object.keys(flags).filter(isOn)) };
}

/** Converts a simple value to a string. Objects become empty: their `toString` may come from the client. */
function toString(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Parses the number or the list that a variable takes. GraphQL refuses what does not fit. */
function parseValue(value: unknown, type = ''): unknown {
  if (type.startsWith('[') && typeof value === 'string') return value.split(',').filter(Boolean);
  if (!type.startsWith('Int') || !/^-?\d+$/.test(toString(value))) return value;
  // Beyond 32 bits GraphQL would report its own limit instead of the field's.
  return Math.min(Number(value), GRAPHQL_MAX_INT);
}

const variableTypes = memoize(({ document }: Operation) => {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return new Map(definitions.map(({ variable, type }) => [variable.name.value, print(type)]));
});
