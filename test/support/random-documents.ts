import * as fc from 'fast-check';
import * as graphql from 'graphql';
import { damaged, hollow, oddNames, oddValue, often, withOddParts } from './odd-values.ts';

/** Valid values, by the name of an input or else by that of its type. */
type Examples = Record<string, fc.Arbitrary<unknown>>;
type Input = Pick<graphql.GraphQLArgument, 'name' | 'type'> & { defaultValue?: unknown };
type Composite = graphql.GraphQLObjectType | graphql.GraphQLInterfaceType;
type Field = graphql.GraphQLField<unknown, unknown>;

const isRequired = ({ type, defaultValue }: Input) => graphql.isNonNullType(type) && defaultValue === undefined;

/** Makes the parameters of operations on a schema: valid ones, ones with faults, and others yet. */
export function randomParameters(schema: graphql.GraphQLSchema, examples: Examples, seed: number) {
  const valid = randomOperation(schema, examples);
  const broken = valid.chain(({ query, variables, operationName }) => {
    const texts = often(1, damaged(query), fc.constant(query));
    return fc.record({ query: texts, variables: withOddParts(variables), operationName: withOddParts(operationName) });
  });
  // What is sent again and again is compiled by the server.
  const samples = fc.sample(valid, { seed, numRuns: 100 });
  const some = samples.filter(({ query }) => /^\w+ Main\((?!.*Other)/.test(query)).slice(0, 8);
  const again = fc.constantFrom(...some).chain(({ query, variables }) => {
    return fc.record({ query: fc.constant(query), variables: withOddParts(variables) });
  });
  const odd = withOddParts({ query: '{ viewer { id } }', variables: {}, operationName: null, extensions: {} });
  const persistedQuery = fc.record({ version: fc.constant(1), sha256Hash: fc.oneof(hollow, fc.constant('x')) });
  const extensions = fc.oneof(hollow, fc.record({ persistedQuery: fc.oneof(hollow, persistedQuery) }));
  // The parts around a document that is good.
  const hollowed = fc.oneof(valid, fc.constantFrom(...some)).chain(({ query, variables, operationName }) => {
    const [given, name] = [often(1, fc.constant(variables), hollow), often(2, fc.constant(operationName), hollow)];
    return fc.record({
      query: often(9, fc.constant(query), hollow),
      variables: given,
      operationName: name,
      extensions,
    });
  });
  const usual = fc.oneof<fc.Arbitrary<object>[]>(valid, valid, valid, broken, again, hollowed);
  return often(15, usual, odd.map<object>(Object));
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
