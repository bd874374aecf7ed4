import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Kind, parse, print } from 'graphql';
import { refusal } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { readCsv } from './csv.ts';
import type { Fields, Flags } from './lists.ts';
import type { Operation } from './operations.ts';
import { chooseFormat, type Format } from './response.ts';
import { findRoute } from './router.ts';

/** The maximum number of items in a request. */
const maximumItems = 1000;
/** The same where each item asks for a list. */
const maximumLists = 10;

/** What a request asks for. */
export interface Call {
  operation: Operation;
  format: Format;
  /** Whether the route takes an array of items, and responds with an array. */
  takesItems: boolean;
  items: Item[];
}

/** What an operation runs with. */
export interface Item {
  variables: Fields;
  flags: Flags;
}

/**
 * Reads what a request asks for.
 * @throws UNAUTHENTICATED for a request without a viewer, before its body is read
 * @throws NOT_FOUND, BAD_USER_INPUT, and what `takePlace` throws
 */
export async function readCall(request: IncomingMessage, context: Context): Promise<Call> {
  const { method = '', url = '/', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const { operation, pathFields, suffix, takesItems } = findRoute(method, pathname);
  const [, asked] = [...searchParams].find(([name]) => name.toLowerCase() === 'format') ?? [];
  const format = chooseFormat(suffix ?? asked, request);
  // All operations need a viewer: refuse strangers before they send a body.
  if (!context.viewer) throw refusal(null);
  const items = /^(POST|PATCH)$/.test(method) ? await readItems(context) : [{}];
  context.takePlace();
  if (!takesItems && items.length !== 1)
    throw new CodedError('BAD_USER_INPUT', 'Send one item, or add [] to the route.');
  const limit = operation.isList ? maximumLists : maximumItems;
  if (items.length > limit) throw new CodedError('BAD_USER_INPUT', `Send at most ${limit} items.`);
  const key = headers['idempotency-key'];
  const keyFields = (index: number) => {
    if (key === undefined) return {};
    // Each item needs a key of its own, which a retry of the whole list makes again.
    return { idempotencyKey: takesItems ? hash('sha256', `${index} ${String(key)}`) : key };
  };
  const queryFields = fromTexts(searchParams);
  return {
    operation,
    format,
    takesItems,
    items: items.map((fields, index) => readVariables(operation, [queryFields, fields, pathFields, keyFields(index)])),
  };
}

/**
 * Reads the items of a request's body: one, or as many as a JSON array or a CSV text has.
 * @throws BAD_USER_INPUT, with 413 for a body that is too large and 415 for a media type that is not supported
 */
async function readItems({ mediaType, readBody }: Context): Promise<Fields[]> {
  const text = await readBody();
  if (text.trim() === '') return [{}];
  // The documentation of the API that this one replaces shows JSON under text/csv.
  const isJson = mediaType === 'application/json' || (mediaType === 'text/csv' && /^\s*[[{]/.test(text));
  if (isJson) return readJson(text);
  if (mediaType === 'application/x-www-form-urlencoded') return [fromTexts(new URLSearchParams(text))];
  if (mediaType === 'text/csv') return valid('CSV', () => readCsv(text)).map((row) => fromTexts(Object.entries(row)));
  const message = 'Send the body as application/json, application/x-www-form-urlencoded or text/csv.';
  throw new CodedError('BAD_USER_INPUT', message, { status: 415 });
}

function readJson(text: string): Fields[] {
  const items: unknown[] = [valid('JSON', (): unknown => JSON.parse(text))].flat();
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

/** Takes the fields of a query string, a form or a row, where an empty text stands for no value. */
function fromTexts(entries: Iterable<[string, string]>): Fields {
  return Object.fromEntries([...entries].filter(([, text]) => text !== ''));
}

const variableTypes = memoize(({ document }: Operation) => {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return new Map(definitions.map(({ variable, type }) => [variable.name.value, print(type)]));
});

/** Finds an operation's fields and flags among those of a request, whose names may be in any case. Later sources win. */
function readVariables(operation: Operation, sources: Fields[]): Item {
  const { fields, words = {}, flags = {} } = operation;
  const given = new Map(sources.flatMap(Object.entries).map(([name, value]) => [name.toLowerCase(), value]));
  const variables: Fields = {};
  for (const name of Object.keys(fields)) {
    const value: unknown = given.get(name.toLowerCase());
    const word = Object.keys(words[name] ?? {}).find((key) => key.toLowerCase() === toText(value).toLowerCase());
    if (value !== undefined)
      variables[name] = word ? words[name]?.[word] : fromText(value, variableTypes(operation).get(name));
  }
  const isOn = (flag: string) => /^(true|1|on)$/i.test(toText(given.get(flag.toLowerCase())));
  return { variables, flags: Object.fromEntries(Object.keys(flags).map((flag) => [flag, isOn(flag)])) };
}

/** The text of a simple value. Objects have none: their `toString` may be the client's. */
function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Turns text into the number or the list that a variable takes. What does not fit is left for GraphQL to refuse. */
function fromText(value: unknown, type = ''): unknown {
  if (type.startsWith('[') && typeof value === 'string') return value.split(',').filter(Boolean);
  if (!type.startsWith('Int') || !/^-?\d+$/.test(toText(value))) return value;
  // Beyond 32 bits GraphQL would report its own limit instead of the field's.
  return Math.min(Number(value), 2 ** 31 - 1);
}
