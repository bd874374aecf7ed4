import { Kind, parse, print } from 'graphql';
import { badInput, CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import type { Operation } from './operations.ts';

export type Fields = Record<string, unknown>;

/** The values that were given for each field, whose names are in lower case. */
export type Source = Map<string, unknown[]>;

/** Where an item comes from. */
export interface Sources {
  query: Source;
  body: Source;
  /** The path and the headers, which win. */
  request: Source;
  /** Names the item in errors. */
  place: string;
}

/** The input of one run of an operation. */
export interface Item {
  variables: Fields;
  /** The flags that are on. */
  flags: Set<string>;
}

/** Gathers values by names in any case, which may end in brackets, as in `accountIds[]=a`. Undefined is no value. */
export function gather(entries: Iterable<[string, unknown]>): Source {
  const source: Source = new Map();
  for (const [name, value] of entries) {
    const field = name
      .toLowerCase()
      .replace(/\[\d*\]$/, '')
      .trim();
    const values = source.get(field) ?? [];
    source.set(field, values);
    if (value !== undefined) values.push(value);
  }
  return source;
}

/** Picks an operation's fields and flags. @throws BAD_USER_INPUT */
export function readItem(operation: Operation, { query, body, request }: Sources): Item {
  const { fields, flags = {}, enumAliases = {} } = operation;
  const names = Object.keys({ ...fields, ...flags });
  if (body.size > 0 && !names.some((name) => body.has(name.toLowerCase()))) {
    const known = names.map((name) => `"${name}"`).join(', ');
    throw new CodedError('BAD_USER_INPUT', `None of the fields of the body is known. Those known are ${known}.`);
  }
  const sources = [request, body, query];
  const find = (name: string) =>
    sources.map((source) => source.get(name.toLowerCase())).find((values) => values?.length);
  const types = variableTypes(operation);
  const variables = Object.keys(fields).map((name) => {
    return [name, readValue(name, find(name) ?? [], types.get(name), enumAliases[name])] as const;
  });
  const isOn = (flag: string) => find(flag)?.some((value) => readFlag(flag, value));
  return {
    variables: Object.fromEntries(variables.filter(([, value]) => value !== undefined)),
    flags: new Set(Object.keys(flags).filter(isOn)),
  };
}

/** Reads the value of a variable; undefined if it is left out. GraphQL refuses what is of another type. */
function readValue(name: string, values: unknown[], type = '', aliases?: Record<string, string>): unknown {
  const [value] = values;
  // Only a string may be empty, and only a change to nothing is null.
  if (value === undefined || (!type.startsWith('String') && (value === '' || value === null))) return undefined;
  if (type.startsWith('[')) return values.flat().flatMap(readIds);
  if (values.length > 1 || Array.isArray(value)) throw badInput(name, `"${name}" takes one value.`);
  const word = toString(value);
  if (aliases) {
    const [, known] = Object.entries(aliases).find(([alias]) => alias.toLowerCase() === word.toLowerCase()) ?? [];
    if (known !== undefined) return known;
    throw badInput(name, `"${name}" must be ${Object.keys(aliases).join(' or ')}.`);
  }
  if (type.startsWith('ID') && typeof value === 'string') return toUuid(value);
  if (!type.startsWith('Int')) return value;
  if (/^-?\d+$/.test(word)) return Number(word);
  throw badInput(name, `"${name}" must be a whole number.`);
}

function readFlag(name: string, value: unknown): boolean {
  const word = toString(value);
  if (/^(|false|0|off|no)$/i.test(word)) return false;
  if (/^(true|1|on|yes)$/i.test(word)) return true;
  throw badInput(name, `"${name}" must be true or false.`);
}

/** Reads a list of ids as clients write it in a string: `a,b`, `[a,b]` or `["a", 'b']`. */
function readIds(value: unknown): unknown[] {
  return typeof value === 'string' ? (value.match(/[^\s,"'[\]]+/g) ?? []).map(toUuid) : [value];
}

/** Reads a .NET Guid, which may be without dashes, or in braces. */
function toUuid(id: string): string {
  const [, inBraces = id.trim()] = /^\s*\{([\da-f-]{36})\}\s*$/i.exec(id) ?? [];
  return inBraces.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5');
}

/** Converts a simple value to a string. Objects become empty: their `toString` may come from the client. */
function toString(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const variableTypes = memoize(({ document }: Operation) => {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return new Map(definitions.map(({ variable, type }) => [variable.name.value, print(type)]));
});
