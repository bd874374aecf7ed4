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

/** Gathers values by names in any case. Some clients number them, as in `accountIds[0]=a`. Undefined is no value. */
export function gather(entries: Iterable<[string, unknown]>): Source {
  const source: Source = new Map();
  for (const [name, value] of entries) {
    const [field = ''] = name
      .trim()
      .toLowerCase()
      .split(/\[|\.\d/, 1);
    const values = source.get(field) ?? [];
    source.set(field, values);
    if (value !== undefined) values.push(value);
  }
  return source;
}

/** Checks that an operation knows a field of a body, if the body has any. @throws BAD_USER_INPUT */
export function checkKnown({ fields }: Operation, body: Source): void {
  const names = Object.keys(fields);
  if (body.size === 0 || names.some((name) => body.has(name.toLowerCase()))) return;
  const known = names.map((name) => `"${name}"`).join(', ');
  throw new CodedError('BAD_USER_INPUT', `None of the fields of the body is known. Those known are ${known}.`);
}

/** Reads the fields of an operation that were given. @throws BAD_USER_INPUT */
export function readFields(operation: Operation, { query, body, request }: Sources): Fields {
  checkKnown(operation, body);
  const types = variableTypes(operation);
  const values = Object.entries(operation.fields).map(([name, { words }]) => {
    const given = [request, body, query].map((source) => source.get(name.toLowerCase()));
    const found = given.find((candidates) => candidates?.length) ?? [];
    return [name, readValue(name, found, types.get(name) ?? 'Boolean', words)] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Reads the value of a variable; undefined if it is left out. */
function readValue(name: string, values: unknown[], type: string, words?: Record<string, string>): unknown {
  const mustBe = (what: string) => badInput(name, `"${name}" must be ${what}.`);
  const isString = type.startsWith('String');
  // Only a string may be empty, and only a change to nothing is null.
  const given = isString ? values : values.filter((value) => value !== '' && value !== null);
  const [value, ...others] = new Set(given);
  if (value === undefined && (words || !type.endsWith('!'))) return undefined;
  if (type.startsWith('[')) {
    const ids = given.flat();
    if (ids.every((id) => typeof id === 'string')) return ids.flatMap(readIds);
    throw mustBe('a list of UUIDs');
  }
  if (others.length > 0 || Array.isArray(value)) throw badInput(name, `"${name}" takes one value.`);
  if (isString) {
    if (typeof value === 'string' || (value === null && type === 'String')) return value;
    throw mustBe('a string');
  }
  if (type.startsWith('ID')) {
    if (typeof value === 'string') return toUuid(value);
    throw mustBe('a UUID');
  }
  // An object's `toString` could come from the client.
  const word = typeof value === 'string' ? value : JSON.stringify(value);
  if (words) {
    const [, known] = Object.entries(words).find(([key]) => key.toLowerCase() === word.toLowerCase()) ?? [];
    if (known !== undefined) return known;
    throw mustBe(Object.keys(words).join(' or '));
  }
  if (type === 'Int') {
    if (/^-?\d+$/.test(word)) return Number(word);
    throw mustBe('a whole number');
  }
  if (/^(true|1|on|yes)$/i.test(word)) return true;
  if (/^(false|0|off|no)$/i.test(word)) return false;
  throw mustBe('true or false');
}

/** Reads a list of ids as clients write it in a string: `a,b`, `[a,b]` or `["a", 'b']`. */
function readIds(list: string): string[] {
  return (list.match(/[^\s,"'[\]]+/g) ?? []).map(toUuid);
}

/** Reads a .NET Guid, which may be without dashes, or in braces. */
function toUuid(id: string): string {
  const [, inBraces = id.trim()] = /^\s*\{([\da-f-]{36})\}\s*$/i.exec(id) ?? [];
  return inBraces.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5');
}

const variableTypes = memoize(({ document }: Operation) => {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return new Map(definitions.map(({ variable, type }) => [variable.name.value, print(type)]));
});
