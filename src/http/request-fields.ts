import type { IncomingMessage } from 'node:http';
import { parse as parseCsv } from 'csv-parse/sync';
import { Kind, parse, print, type TypeNode } from 'graphql';
import { CodedError } from '../errors.ts';
import { readBody } from '../request-body.ts';
import type { Fields, Operation } from './operations.ts';

/**
 * Reads the items of a request's body: one, or as many as a JSON array or a CSV text has.
 * @throws BAD_USER_INPUT, with 413 for a body that is too large and 415 for a media type that is none of ours
 */
export async function readItems(request: IncomingMessage): Promise<Fields[]> {
  const text = await readBody(request);
  if (text.trim() === '') return [{}];
  const mediaType = request.headers['content-type']?.toLowerCase().split(';')[0]?.trim();
  // The documentation of the API that this one replaces shows JSON under text/csv.
  const isJson = mediaType === 'application/json' || (mediaType === 'text/csv' && /^\s*[[{]/.test(text));
  if (isJson) return readJson(text);
  if (mediaType === 'application/x-www-form-urlencoded') return [Object.fromEntries(new URLSearchParams(text))];
  if (mediaType === 'text/csv')
    return valid('CSV', () => parseCsv(text, { columns: true, bom: true, skip_empty_lines: true }));
  const message = 'Send the body as application/json, application/x-www-form-urlencoded or text/csv.';
  throw new CodedError('BAD_USER_INPUT', message, { status: 415 });
}

function readJson(text: string): Fields[] {
  const items: unknown[] = [valid('JSON', (): unknown => JSON.parse(text))].flat();
  if (items.every((item): item is Fields => typeof item === 'object' && item !== null)) return items;
  throw new CodedError('BAD_USER_INPUT', 'Send a JSON object, or an array of objects where a list of items is taken.');
}

function valid<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', `The body is not valid ${what}.`, { cause });
  }
}

/** The variables of a document, by name, with their types. */
export function variableTypes(document: string): Map<string, TypeNode> {
  const [operation] = parse(document).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return new Map();
  return new Map(operation.variableDefinitions?.map(({ variable, type }) => [variable.name.value, type]));
}

/** Takes what an operation knows out of the fields of a request, whose names may be in any case; "" is no value. */
export function readVariables({ document, names = {}, values = {}, flags = {} }: Operation, fields: Fields) {
  const given = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
  const variables: Fields = {};
  for (const [variable, type] of variableTypes(document)) {
    const value = given.get((names[variable] ?? variable).toLowerCase());
    const word = Object.keys(values).find((key) => key.toLowerCase() === String(value).toLowerCase());
    if (value !== undefined && value !== '') variables[variable] = word ? values[word] : fromText(value, print(type));
  }
  const isOn = (flag: string) => String(given.get(flag.toLowerCase())).toLowerCase() === 'true';
  return { variables, flags: Object.fromEntries(Object.keys(flags).map((flag) => [flag, isOn(flag)])) };
}

/** Queries, forms and CSV know texts only: a list is joined by commas. What does not fit is left for GraphQL to refuse. */
function fromText(value: unknown, type: string): unknown {
  if (typeof value !== 'string') return value;
  if (type.startsWith('[')) return value.split(',').filter(Boolean);
  if (type.startsWith('Int')) return /^-?\d+$/.test(value) ? Number(value) : value;
  return value;
}
