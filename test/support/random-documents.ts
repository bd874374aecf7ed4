import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';
import * as graphql from 'graphql';

/** Valid values, by the name of an input or else by that of its type. */
type Examples = Record<string, fc.Arbitrary<unknown>>;
type Input = Pick<graphql.GraphQLArgument, 'name' | 'type'> & { defaultValue?: unknown };
type Composite = graphql.GraphQLObjectType | graphql.GraphQLInterfaceType;
type Field = graphql.GraphQLField<unknown, unknown>;

const isRequired = ({ type, defaultValue }: Input) => graphql.isNonNullType(type) && defaultValue === undefined;
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

const oddNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__typename', 'nope'];
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

/** Makes the parameters of operations on a schema: valid ones, ones with faults, and others yet. */
export function randomParameters(schema: graphql.GraphQLSchema, examples: Examples, seed: number) {
  const valid = randomOperation(schema, examples);
  const broken = valid.chain(({ query, variables, operationName }) => {
    const texts = often(1, damaged(query), fc.constant(query));
    return fc.record({ query: texts, variables: withOddParts(variables), operationName: withOddParts(operationName) });
  });
  // What is sent again and again is compiled by the server.
  const samples = fc.sample(valid, { seed, numRuns: 500 });
  const some = samples.filter(({ query }) => /^\w+ Main\((?!.*Other)/.test(query)).slice(0, 8);
  const again = fc.constantFrom(...some).chain(({ query, variables }) => {
    return fc.record({ query: fc.constant(query), variables: withOddParts(variables) });
  });
  const odd = withOddParts({ query: '{ viewer { id } }', variables: {}, operationName: null, extensions: {} });
  return often(15, fc.oneof<fc.Arbitrary<object>[]>(valid, valid, broken, again), odd.map<object>(Object));
}

/** Makes valid operations of the types of a schema. */
function randomOperation(schema: graphql.GraphQLSchema, examples: Examples) {
  function valueOf({ name, type }: Input): fc.Arbitrary<unknown> {
    const nullable = graphql.getNullableType(type);
    if (graphql.isListType(nullable)) return fc.array(valueOf({ name, type: nullable.ofType }));
    if (graphql.isEnumType(nullable)) return fc.constantFrom(...nullable.getValues().map((value) => value.name));
    if (!graphql.isInputObjectType(nullable)) return examples[name] ?? examples[nullable.name] ?? oddValue;
    const fields = Object.values(nullable.getFields());
    const values = Object.fromEntries(fields.map((input) => [input.name, valueOf(input)]));
    return fc.record(values, { requiredKeys: fields.filter(isRequired).map((input) => input.name) });
  }

  // Where a document uses a variable or a fragment, it stands in brackets of its own, until `finish` knows them all.
  function variable(input: Input): fc.Arbitrary<string> {
    const value = graphql.isNonNullType(input.type) ? valueOf(input) : often(9, valueOf(input), fc.constant(null));
    return value.map((chosen) => `«${JSON.stringify({ type: String(input.type), value: chosen })}»`);
  }

  function literal(input: Input): fc.Arbitrary<string> {
    const type = graphql.getNullableType(input.type);
    if (graphql.isInputObjectType(type)) return inputs(Object.values(type.getFields())).map((fields) => `{${fields}}`);
    return valueOf(input).map((value) => (graphql.isEnumType(type) ? String(value) : JSON.stringify(value)));
  }

  /** Those of the inputs that are required, and few of the others. */
  function inputs(all: readonly Input[]): fc.Arbitrary<string> {
    const parts = all.map((input) => {
      const given = fc.oneof(variable(input), literal(input)).map((value) => `${input.name}: ${value}`);
      return isRequired(input) ? given : often(4, fc.constant(''), given);
    });
    return fc.tuple(...parts).map((written) => written.filter(Boolean).join());
  }

  const conditions = fc.tuple(fc.constantFrom('@skip', '@include'), inputs(graphql.GraphQLSkipDirective.args));
  const directives = conditions.map(([name, condition]) => `${name}(${condition})`);
  const directive = often(20, fc.constant(''), directives);

  function field({ name, args, type }: Field, path: Composite[]): fc.Arbitrary<string> {
    const inner = compositeOf(type);
    const selection = inner ? selections(inner, 1, path) : fc.constant('');
    // Fields of one name must have the same arguments.
    const odd = fc.constantFrom(...oddNames).map((alias) => `${alias}:`);
    const alias = often(20, fc.constant(args.length > 0 ? '¤:' : ''), odd);
    const parts = fc.tuple(alias, inputs(args), directive, selection);
    return parts.map(([key, given, ...rest]) => `${key}${name}${given && `(${given})`} ${rest.join('')}`);
  }

  function fragment({ name }: Composite, inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
    const inline = fc.tuple(directive, inner).map(([when, body]) => `... on ${name} ${when} ${body}`);
    const spread = fc.tuple(directive, inner).map(([when, body]) => `‹on ${name} ${body}› ${when}`);
    return fc.oneof(inline, spread);
  }

  /**
   * @param depth how many fragments may stand inside of each other
   * @param path the types around: the graph has circles, which end where a type would stand in itself
   */
  function selections(type: Composite, depth: number, path: Composite[] = []): fc.Arbitrary<string> {
    const meta = type === schema.getQueryType() ? ['__schema { types { name } }', '__type(name: "ID") { name }'] : [];
    const around = [...path, type];
    const others = graphql.isInterfaceType(type) ? schema.getPossibleTypes(type) : type.getInterfaces();
    const targets = depth > 0 ? [type, ...others.filter((other) => !around.includes(other))] : [];
    const fragments = targets.map((target) => fragment(target, selections(target, depth - 1, around)));
    const open = Object.values(type.getFields()).filter((one) => {
      const inner = compositeOf(one.type);
      return !inner || !around.includes(inner);
    });
    const fields = fc.oneof(...open.map((one) => field(one, around)));
    const selection = often(9, fields, fc.oneof(fc.constantFrom('__typename', ...meta), ...fragments));
    return fc.array(selection, { minLength: 1, maxLength: 5 }).map((list) => `{ ${list.join(' ')} }`);
  }

  const roots = [schema.getQueryType(), schema.getMutationType()].filter((type) => type != null);
  const texts = roots.map((type) => selections(type, 1).map((body) => [type.name.toLowerCase(), body] as const));
  return fc.tuple(fc.oneof(...texts), fc.constantFrom(null, 'Main')).map(([text, name]) => finish(...text, name));
}

function compositeOf(type: graphql.GraphQLOutputType): Composite | undefined {
  const named = graphql.getNamedType(type);
  return graphql.isObjectType(named) || graphql.isInterfaceType(named) ? named : undefined;
}

/** Puts variables into the head of an operation, and fragments behind it. */
function finish(keyword: string, body: string, operationName: string | null) {
  const definitions: string[] = [];
  const variables: Record<string, unknown> = {};
  const fragments: string[] = [];
  const nameFragment = (_: string, inner: string) => `...F${fragments.push(inner) - 1}`;
  let text = body.replaceAll('¤', (_, index) => `a${index}`);
  text = text.replaceAll(/«([^»]*)»/g, (_, noted) => {
    const name = `v${definitions.length}`;
    const { type, value } = JSON.parse(noted);
    variables[name] = value;
    definitions.push(`$${name}: ${type}`);
    return `$${name}`;
  });
  while (text.includes('‹')) text = text.replaceAll(/‹([^‹›]*)›/g, nameFragment);
  const others = fragments.map((inner, index) => `fragment F${index} ${inner}`);
  if (operationName) others.push('query Other { __typename }');
  const head = definitions.length > 0 ? `Main(${definitions.join()})` : 'Main';
  return { query: [keyword, head, text, ...others].join(' '), variables, operationName };
}
