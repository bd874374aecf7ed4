import { times } from '../support/graphql.ts';

const nested = (depth: number, opening: string, inside: string, closing: string) =>
  opening.repeat(depth) + inside + closing.repeat(depth);
export const lists = (depth: number) => nested(depth, '[', '', ']');
const objects = (depth: number) => nested(depth, '{"a":', '1', '}');
const newAISession = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
const fullPage = '(first: 100) { edges { node { id purpose createdBy accountId accountName dateCreated } } }';

/** A body whose variables are JSON that no serializer writes. */
export const body = (query: string, variables = '{}') => `{"query":${JSON.stringify(query)},"variables":${variables}}`;
const creation = (input: string) => body(newAISession, `{"input":${input}}`);

/** What a server must refuse, by what it is. */
export const attacks: Record<string, string> = {
  '101 aliases': body(`{ ${times(101, (n) => `alias${n}: __typename`)} }`),
  'aliases in a fragment that is spread twice': body(
    `{ ...A ...A } fragment A on Query { ${times(16, (n) => `a${n}: __typename`)} }`,
  ),
  'aliases that fragments multiply': body(
    `{ ...F0 } ${times(4, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)}
     fragment F4 on Query { a: __typename b: __typename }`,
  ),
  'aliases of a creation': body(`mutation { ${times(31, (n) => `a${n}: newAISession(input: {}) { id }`)} }`),
  'a batch of queries': `[${Array(10).fill(body('{ __typename }')).join()}]`,
  'a batch of creations': `[${Array(10).fill(creation('{}')).join()}]`,
  'a batch of one': `[${body('{ __typename }')}]`,
  'an unknown directive ten times': body(`{ __typename ${'@aa'.repeat(10)} }`),
  'an unknown directive 300 times': body(`{ __typename ${'@aa'.repeat(300)} }`),
  'a directive on each of 25 fields': body(`{ ${times(25, () => '__typename @include(if: true)')} }`),
  'directives in a fragment that is spread twice': body(
    `{ ...A ...A } fragment A on Query { ${times(11, () => '__typename @skip(if: false)')} }`,
  ),
  'a fragment in itself': body('{ ...A } fragment A on Query { ...A }'),
  'fragments in each other': body(
    '{ __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
  ),
  'fragments in a circle of ten': body(
    `{ ...F0 } ${times(10, (n) => `fragment F${n} on Query { ...F${(n + 1) % 10} }`)}`,
  ),
  'an introspection that goes in circles': body(
    `{ __schema { types { ${nested(4, 'fields { type { ', 'name', ' } }')} } } }`,
  ),
  'an introspection in circles by fragments': body(
    `{ __schema { types { ...F0 } } } fragment F4 on __Type { name }
     ${times(4, (n) => `fragment F${n} on __Type { fields { type { ...F${n + 1} } } }`)}`,
  ),
  'a selection 300 deep': body(nested(300, '{ viewer ', '{ id }', '}')),
  'a selection 10,000 deep': body(nested(10_000, '{ a ', '', '}')),
  'inline fragments 300 deep': body(`{ ${nested(300, '... { ', '__typename', '}')} }`),
  'fragments 60 deep': body(
    `{ ...F0 } ${times(60, (n) => `fragment F${n} on Query { ...F${n + 1} }`)} fragment F60 on Query { __typename }`,
  ),
  'the same field 1,000 times': body(`{ ${times(1000, () => '__typename')} }`),
  'the same field 51 times': body(`{ ${times(51, () => '__typename')} }`),
  'the same field 300 times inside of another': body(`{ viewer { ${times(300, () => 'id')} } }`),
  'the same count 300 times': body(`{ accounts { ${times(300, () => 'totalCount')} } }`),
  'the same field 300 times in a fragment': body(`{ ...A } fragment A on Query { ${times(300, () => '__typename')} }`),
  'the same object 100 times': body(`{ ${times(100, () => 'viewer { id }')} }`),
  '30 full pages': body(`{ ${times(30, (n) => `p${n}: aiSessions${fullPage}`)} }`),
  'pages in a fragment that is spread again and again': body(
    `{ ${times(30, () => '...A')} } fragment A on Query { aiSessions${fullPage} }`,
  ),
  'a list literal 10,000 deep': body(`{ aiSessions(filter: { ids: ${lists(10_000)} }) { totalCount } }`),
  'a list literal 480 deep': body(`{ aiSessions(filter: { ids: ${lists(480)} }) { totalCount } }`),
  'an object literal 10,000 deep': body(`{ aiSessions(filter: ${nested(10_000, '{a:', '1', '}')}) { totalCount } }`),
  'an object literal 240 deep': body(`{ aiSessions(filter: ${nested(240, '{a:', '1', '}')}) { totalCount } }`),
  'a type 10,000 lists deep': body(`query ($a: ${nested(10_000, '[', 'Int', ']')}) { __typename }`),
  'a type 480 lists deep': body(`query ($a: ${nested(480, '[', 'Int', ']')}) { __typename }`),
  'a default 480 lists deep': body(
    `query ($a: [ID!] = ${lists(480)}) { aiSessions(filter: { ids: $a }) { totalCount } }`,
  ),
  '10,000 unused variables': body(`query (${times(10_000, (n) => `$v${n}:A`)}) { __typename }`),
  '240 unused variables': body(`query (${times(240, (n) => `$v${n}: Int`)}) { __typename }`),
  'the same variable 240 times': body(`query (${times(240, () => `$v: Int`)}) { __typename }`),
  '240 operations of one name': body(times(240, () => 'query A { __typename }')),
  '140 fragments of one name': body(`{ ...A } ${times(140, () => 'fragment A on Query { __typename }')}`),
  'a field with a name of 90 kB': body(`{ ${'a'.repeat(90_000)} }`),
  'a fragment with a name of 90 kB': body(`{ ...${'a'.repeat(90_000)} }`),
  'a directive with a name of 90 kB': body(`{ __typename @${'a'.repeat(90_000)} }`),
  'a type with a name of 90 kB': body(`query ($a: ${'a'.repeat(90_000)}) { __typename }`),
  'an operation with a name of 90 kB that is not there': `{"query":"{ __typename }","operationName":"${'a'.repeat(90_000)}"}`,
  '20,001 bytes in fewer characters': body(`#${'é'.repeat(9993)}\n{ __typename }`),
  '72 kB of comments before a field': body(`${'#x\n'.repeat(24_000)}{ __typename }`),
  '99 kB of white space before a field': body(`${' '.repeat(99_000)}{ __typename }`),
  '1,000 line breaks before a field': body(`${'\r'.repeat(1000)}{ __typename }`),
  'nothing but 99 kB of comments': body('#x\n'.repeat(24_000)),
  'nothing but 99 kB of white space': body(' '.repeat(99_000)),
  'a text that never ends': body(`{ account(id: "${'a'.repeat(90_000)}) { id } }`),
  'a block text that never ends': body(`{ account(id: """${'a\n'.repeat(30_000)}) { id } }`),
  'lists 45,000 deep as an id': body(
    'query ($ids: [ID!]) { aiSessions(filter: { ids: $ids }) { totalCount } }',
    `{"ids":${lists(45_000)}}`,
  ),
  'lists 45,000 deep as an input': creation(lists(45_000)),
  'lists 45,000 deep as a text': creation(`{"purpose":${lists(45_000)}}`),
  'lists 45,000 deep as an instant': body(
    'query ($from: DateTime) { aiSessions(filter: { createdFrom: $from }) { totalCount } }',
    `{"from":${lists(45_000)}}`,
  ),
  'lists 45,000 deep as variables': body('{ __typename }', lists(45_000)),
  'lists 45,000 deep as a query': `{"query":${lists(45_000)}}`,
  'lists 45,000 deep as a name': `{"query":"{ __typename }","operationName":${lists(45_000)}}`,
  'lists 45,000 deep as a body': lists(45_000),
  'objects 15,000 deep as an input': creation(objects(15_000)),
  'objects 15,000 deep as a filter': body(
    'query ($filter: AISessionFilter) { aiSessions(filter: $filter) { totalCount } }',
    `{"filter":${objects(15_000)}}`,
  ),
  'objects 15,000 deep as a body': objects(15_000),
  'lists that do not end': '['.repeat(99_000),
  '__proto__ in an input': creation('{"__proto__":{"purpose":"x"}}'),
  '__proto__ in place of an input': body(newAISession, '{"__proto__":{"input":{}}}'),
  '__proto__ in place of a query': `{"__proto__":${body('{ __typename }')}}`,
  '__proto__ as a variable': body(
    'mutation ($__proto__: NewAISessionInput!) { newAISession(input: $__proto__) { id } }',
    '{"__proto__":{"purpose":"x"}}',
  ),
  '__proto__ in a literal': body('mutation { newAISession(input: { __proto__: { purpose: "x" } }) { id } }'),
  'constructor in an input': creation('{"constructor":{"prototype":{"purpose":"x"}}}'),
  'constructor as a field': body('{ constructor { name } }'),
  'constructor as a fragment': body('{ ...constructor }'),
  'constructor as a type': body('query ($a: constructor) { __typename }'),
  'constructor as a directive': body('{ __typename @constructor }'),
  'toString in place of a text': creation('{"purpose":{"toString":1}}'),
  'toString and valueOf in place of an id': body(
    'query ($id: ID!) { aiSession(id: $id) { id } }',
    '{"id":{"toString":1,"valueOf":1}}',
  ),
  'a number beyond all': body('query ($n: Int) { aiSessions(first: $n) { totalCount } }', '{"n":1e400}'),
  'a number of 90,000 digits': body(
    'query ($n: Int) { aiSessions(first: $n) { totalCount } }',
    `{"n":${'9'.repeat(90_000)}}`,
  ),
  'a literal number of 90,000 digits': body(`{ aiSessions(first: ${'9'.repeat(90_000)}) { totalCount } }`),
  'a literal number beyond all': body('{ aiSessions(first: 1e400) { totalCount } }'),
  'a number that is none': body('query ($n: Int) { aiSessions(first: $n) { totalCount } }', '{"n":NaN}'),
  'a number beyond 32 bits': body('{ aiSessions(first: 2147483648) { totalCount } }'),
  'an escape beyond Unicode': body(String.raw`{ account(id: "\u{110000}") { id } }`),
  'an escape without an end': body(String.raw`{ account(id: "\u{FFFFFFFFFFFFFFFF}") { id } }`),
  'half a pair of escapes': body(String.raw`{ account(id: "\uD83D") { id } }`),
  'a letter of another alphabet in a name': body('{ vi\u0435wer { id } }'),
  'an escape in a name': body(String.raw`{ \u0076iewer { id } }`),
  'a word that is none of the language': body('qwerty cop { abc }'),
  'a subscription': body('subscription { aiSessions { id } }'),
  'the definition of a type': body('type Query { a: Int } { __typename }'),
};
