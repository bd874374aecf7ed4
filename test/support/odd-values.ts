import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

export const oddNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__typename', 'nope'];
const oddWords = [
  ...'subscription|fragment|String|Int!|[ID]|[[[Boolean!]!]!]!|$v0|{ id }||id { id }|edges|...F0|EntityInfo'.split('|'),
  ...'id: viewer|... on Nope { id }|... on String { id }|id @skip|... @defer { id }|id @nope|@skip|...Nope'.split('|'),
  ...'id @constructor(if: true)|id @include(if: "true") @include(if: true)|NaN|-0|1e999|0x1F|01|undefined'.split('|'),
  ...'999999999999999999999999999999|\0|\xFF|"|{|}|$|\n|"""'.split('|'),
];

export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(...oddNames, '', '\0', 'a\0b', '\uD800', 'b\uDFFF', '😀'.repeat(300), '\u202E\uFEFF\u2028', 'NaN'),
  fc.constantFrom('x'.repeat(2001), 'y'.repeat(60_000), "' or 1=1; --", '=1+1', '%00', '../..', '-1', '1e9', '\r\n,";'),
);

/** A value of JSON that hurts those who take its type for granted. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.jsonValue(),
  fc.constantFrom(null, true, 0, -1, 101, 0.5, 2 ** 31, -(2 ** 53), 1e308, 5e-324, {}, [null], Array(1000).fill('x')),
  // Only JSON.parse makes a property that is called __proto__.
  fc.constantFrom(nested(900), ...oddNames.map((name) => `{"${name}":1}`)).map((text): unknown => JSON.parse(text)),
);

/** What stands for nothing, or for something with nothing in it. */
export const hollow: fc.Arbitrary<unknown> = fc.constantFrom<unknown[]>(
  null,
  undefined,
  {},
  [],
  '',
  ' ',
  0,
  false,
  [null],
  [{}],
  [[]],
  'null',
  '[]',
  '{}',
);

/** Where a body of JSON should be, one of those, or nothing at all. */
export const emptyJson = hollow.map((value) => JSON.stringify(value) ?? '');

export function often<Value, Other>(weight: number, usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Other>) {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: other });
}

/** Now and then something, in the place of nothing. */
export const rarely = <Value>(weight: number, value: fc.Arbitrary<Value>) =>
  often(weight, fc.constant(undefined), value);

/** Replaces parts of a value by odd ones, and adds others of odd names. */
export function withOddParts(value: unknown): fc.Arbitrary<unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) return often(3, fc.constant(value), oddValue);
  const parts = Object.entries(value).map(([name, part]) => [name, withOddParts(part)]);
  const others = often(3, fc.constant({}), fc.dictionary(fc.constantFrom(...oddNames), oddValue));
  const all = fc.tuple(fc.record(Object.fromEntries(parts)), others).map((halves) => halves.flatMap(Object.entries));
  return often(9, all.map(Object.fromEntries), oddValue);
}

/** Puts something odd in the place of one of a text's words, or of any piece of it. */
export function damaged(text: string): fc.Arbitrary<string> {
  const words = [...text.matchAll(/"[^"]*"|\w+/g)].map((word): [number, number] => [word.index, word[0].length]);
  const anywhere = fc.tuple(fc.nat(text.length), often(3, fc.nat(9), fc.nat(text.length)));
  const place = fc.oneof(
    anywhere,
    fc.nat(words.length).map((index) => words[index] ?? [0, 0]),
  );
  const odd = often(9, fc.constantFrom(...oddNames, ...oddWords), fc.constant(nested(20_000)));
  const parts = fc.tuple(place, odd);
  return parts.map(([[start, length], other]) => text.slice(0, start) + other + text.slice(start + length));
}

const toTable = (rows: object[]) => stringify(rows.map((row) => Object.values(row).map(toText)));

/** The items of a list are joined by commas. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return value.map(toText).join();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A query string or a form: no longer than what Node.js itself lets through. */
export function toForm(fields: object): string {
  const given = Object.entries(fields).filter(([, value]) => value != null);
  return new URLSearchParams(given.map(([name, value]) => [name, toText(value)])).toString().slice(0, 8000);
}

/** Write a body of a media type. */
export const writers: Record<string, (fields: object) => string> = {
  'application/json': (fields) => JSON.stringify(fields),
  'application/json;list': (fields) => JSON.stringify([fields, fields, {}]),
  'application/x-www-form-urlencoded': toForm,
  'text/csv': (fields) => toTable([Object.keys(fields), fields]),
  'text/csv;list': (fields) => toTable([Object.keys(fields), fields, fields]),
};
