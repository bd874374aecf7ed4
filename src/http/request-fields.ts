import type { IncomingMessage } from 'node:http';
import { parse as parseCsv } from 'csv-parse/sync';
import { Kind, parse, print } from 'graphql';
import { CodedError } from '../errors.ts';
import { oncePer } from '../once-per.ts';
import { mediaTypeOf, readBody } from '../request-body.ts';
import type { Fields, Operation } from './operations.ts';

/**
 * Reads the items of a request's body: one, or as many as a JSON array or a CSV text has.
 * @throws BAD_USER_INPUT, with 413 for a body that is too large and 415 for a media type that is none of ours
 */
export async function readItems(request: IncomingMessage): Promise<Fields[]> {
  const text = await readBody(request);
  if (text.trim() === '') return [{}];
  const mediaType = mediaTypeOf(request);
  // The documentation of the API that this one replaces shows JSON under text/csv.
  const isJson = mediaType === 'application/json' || (mediaType === 'text/csv' && /^\s*[[{]/.test(text));
  if (isJson) return readJson(text);
  if (mediaType === 'application/x-www-form-urlencoded') return [fromTexts(new URLSearchParams(text))];
  if (mediaType === 'text/csv') {
    const rows = valid('CSV', () => parseCsv<Record<string, string>>(text, { columns: true, bom: true }));
    return rows.map((row) => fromTexts(Object.entries(row)));
  }
  const message = 'Send the body as application/json, application/x-www-form-urlencoded or text/csv.';
  throw new CodedError('BAD_USER_INPUT', message, { status: 415 });
}

function readJson(text: string): Fields[] {
  const items: unknown[] = [valid('JSON', (): unknown => JSON.parse(text))].flat();
  if (items.every((item): item is Fields => typeof item === 'object' && item !== null && !Array.isArray(item)))
    return items;
  throw new CodedError('BAD_USER_INPUT', 'Send a JSON object, or an array of objects where a list of items is taken.');
}

function valid<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', `The body is not valid ${what}.`, { cause });
  }
}

/** Takes the fields of a query, a form or a row, in which an empty text stands for no value. */
export function fromTexts(entries: Iterable<[string, string]>): Fields {
  return Object.fromEntries([...entries].filter(([, text]) => text !== ''));
}

/** The variables that are the clients': their names, those that clients know in lower case, and their types. */
const variablesOf = oncePer(({ document, names = {} }: Operation) => {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  const variables = definitions.map(({ variable: { name }, type }) => {
    const clientName = (names[name.value] ?? name.value).toLowerCase();
    return { name: name.value, clientName, type: print(type) };
  });
  return variables.filter(({ clientName }) => clientName !== '');
});

/** Finds what an operation knows in the fields of a request, whose names may be in any case: a later source wins. */
export function readVariables(operation: Operation, sources: Fields[]) {
  const { values = {}, flags = {} } = operation;
  const given = new Map(sources.flatMap(Object.entries).map(([name, value]) => [name.toLowerCase(), value]));
  const variables: Fields = {};
  for (const { name, clientName, type } of variablesOf(operation)) {
    const value: unknown = given.get(clientName);
    const word = Object.keys(values).find((key) => key.toLowerCase() === toText(value).toLowerCase());
    if (value !== undefined) variables[name] = word ? values[word] : fromText(value, type);
  }
  const isOn = (flag: string) => /^(true|1|on)$/i.test(toText(given.get(flag.toLowerCase())));
  return { variables, flags: Object.fromEntries(Object.keys(flags).map((flag) => [flag, isOn(flag)])) };
}

/** The text of a simple value; those with parts have none, whatever they say of themselves. */
function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Makes a number or a list of what came as text. What does not fit is left for GraphQL to refuse. */
function fromText(value: unknown, type: string): unknown {
  if (type.startsWith('[') && typeof value === 'string') return value.split(',').filter(Boolean);
  if (!type.startsWith('Int') || !/^-?\d+$/.test(toText(value))) return value;
  // GraphQL would tell of 32 bits, not of the bound that is meant.
  return Math.min(Number(value), 2 ** 31 - 1);
}
