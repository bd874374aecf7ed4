import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { errorStatus } from '../../src/errors.ts';
import { createSchema } from '../../src/graphql/schema/schema.ts';
import { damaged, emptyJson, hollow, oddText, oddValue, often, rarely, toForm } from '../support/odd-values.ts';
import { canMeasureMemory, readMemory } from '../support/process-memory.ts';
import { randomParameters } from '../support/random-documents.ts';
import { bytesOf, randomRestRequest, type Content } from '../support/random-rest-requests.ts';
import { cleanUp, startServer, type ServerProcess } from '../support/server-process.ts';
import { secret, sign } from '../support/sign-token.ts';
import { makeServerDatabase } from '../support/test-database.ts';
import { unknownId } from '../support/test-server.ts';

const { FUZZ_SEED } = process.env;
const seed = Number(FUZZ_SEED ?? randomInt(1_000_000));
// Of 30,000 requests. All of them take minutes: `npm run test:long` sends them.
const share = inject('isLong') ? 1 : 0.02;

type Api = 'GraphQL' | 'REST';
type Sent = Content & { headers: Record<string, string | undefined> };

let server: ServerProcess;
let drop: () => Promise<void>;
let Authorization: string;
let requests: Record<Api, fc.Arbitrary<Sent>>;
/** How many answers were of each status, or 200 with nothing but errors. */
const outcomes: Record<Api, Partial<Record<number | 'refused', number>>> = { GraphQL: {}, REST: {} };

beforeAll(async () => {
  // Without a bound, garbage may lie until there is much more of it.
  const environment = { AUTH_SECRET: secret, NODE_OPTIONS: '--max-old-space-size=200' };
  const database = await makeServerDatabase();
  ({ drop } = database);
  server = await startServer({ ...environment, ...database.variables });
  Authorization = bearerOf('alice', 'SystemAdministrator');
  const administrators = fc.constantFrom(Authorization, bearerOf('bob', 'SystemAdministrator'));
  const strangers = fc.constantFrom(undefined, 'Bearer broken', bearerOf('carol', 'Clerk'));
  const broken = headerText.map((text) => `Bearer ${text}`);
  const [viewers, examples] = [often(9, administrators, fc.oneof(strangers, broken)), await makeExamples()];
  const [graphql, rest] = [graphqlRequest(examples), randomRestRequest(examples)];
  requests = { GraphQL: withHeaders(graphql, viewers), REST: withHeaders(rest, viewers) };
});
afterAll(async () => {
  await cleanUp();
  await drop();
});

const bearerOf = (sub: string, role: string) => `Bearer ${sign({ sub, roles: [role] })}`;
const run = async (query: string) => (await server.graphql(query)).data;

/** Makes accounts and sessions, and answers valid values by the names of inputs and of their types. */
async function makeExamples() {
  const { newAccount } = await run('mutation { newAccount(input: { name: "Acme" }) { id } }');
  const creations = Array.from({ length: 30 }, (_, index) => `s${index}: newAISession(input: {}) { id }`).join(' ');
  const ids: string[] = [newAccount.id];
  while (ids.length < 4000 * share) {
    ids.push(...Object.values<{ id: string }>(await run(`mutation { ${creations} }`)).map(({ id }) => id));
  }
  const { aiSessions } = await run('{ aiSessions { edges { cursor } } }');
  const cursor = fc.constantFrom(...aiSessions.edges.map((edge: { cursor: string }) => edge.cursor));
  const dates = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
  return {
    ID: often(9, fc.constantFrom(...ids), fc.constant(unknownId)),
    Int: fc.integer({ min: 1, max: 100 }),
    String: fc.string({ minLength: 1 }),
    Boolean: fc.boolean(),
    DateTime: dates.map((date) => date.toJSON()),
    accountId: fc.constant(ids[0]),
    idempotencyKey: fc.nat(5000).map(String),
    after: cursor,
    before: cursor,
  };
}
type Examples = Awaited<ReturnType<typeof makeExamples>>;

const headerText = oddText.map((text) => text.replaceAll(/[^ -~\u00A0-\u00FF]/g, '').slice(0, 300));

function withHeaders(contents: fc.Arbitrary<Content>, viewers: fc.Arbitrary<string | undefined>): fc.Arbitrary<Sent> {
  const mediaType = fc.oneof(headerText, fc.constantFrom('application/graphql-response+json', 'text/csv', 'text/html'));
  const common = { Authorization: viewers, Accept: rarely(2, mediaType), 'X-Request-Id': rarely(9, headerText) };
  const headers = fc.record({ ...common, 'Idempotency-Key': rarely(9, headerText) });
  return fc.tuple(contents, headers, rarely(15, mediaType)).map(([content, others, type = content.type]) => {
    return { ...content, headers: { ...others, 'Content-Type': type } };
  });
}

function graphqlRequest(examples: Examples): fc.Arbitrary<Content> {
  const parameters = randomParameters(createSchema(), examples, seed);
  const values = often(20, parameters, fc.oneof(oddValue, fc.array(often(9, parameters, hollow))));
  const json = often(
    20,
    values.map((value) => JSON.stringify(value)),
    emptyJson,
  ).map(bytesOf);
  const body = often(20, often(5, json, json.chain(damaged)), fc.uint8Array().map(bytesOf));
  const method = often(50, fc.constant('POST'), fc.constantFrom('PUT', 'PATCH', 'DELETE', 'OPTIONS'));
  const post = fc.record({ method, path: fc.constant('/graphql'), body, type: fc.constant('application/json') });
  const path = often(9, parameters, fc.dictionary(oddText, oddText)).map((fields) => `/graphql?${toForm(fields)}`);
  return often(9, post, fc.record({ method: often(20, fc.constant('GET'), fc.constant('HEAD')), path }));
}

const leak = / {4}at |node_modules|\.ts:|insert into|select |\$1|Failed query|INTERNAL_SERVER_ERROR/;

/** Sends a request, and checks what holds for all answers. */
async function examine(api: Api, sent: Sent): Promise<void> {
  const { method, path, headers, body } = sent;
  let answer = 'nothing';
  try {
    const given = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined);
    const content = body !== undefined && !/^(GET|HEAD)$/.test(method) && { body: Buffer.from(body, 'latin1') };
    const response = await fetch(server.url + path, { method, headers: given, ...content });
    const [text, { status }] = [await response.text(), response];
    answer = `${status} ${text}`;
    expect(status).toBeLessThan(500);
    expect(response.headers.get('X-Request-Id')).toMatch(/./);
    const isJson = method !== 'HEAD' && /json\b/.test(response.headers.get('Content-Type') ?? '');
    const { data, errors = [], responseStatus } = isJson ? JSON.parse(text) : {};
    // An operation that was executed is 200, even if each of its fields was refused.
    const isRefused = status === 200 && errors.length > 0 && Object.values(data ?? {}).every((part) => part === null);
    const outcome = isRefused ? 'refused' : status;
    outcomes[api][outcome] = (outcomes[api][outcome] ?? 0) + 1;
    const codes: string[] = errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code);
    expect(Object.keys(errorStatus)).toEqual(expect.arrayContaining(codes));
    expect(isJson && status >= 400 ? (responseStatus?.errorCode ?? codes[0]) : 'none').toMatch(/./);
    const shown = status < 400 ? JSON.stringify(errors) : text;
    // The answer may repeat what was sent.
    expect(leak.test(path + body) ? '' : shown).not.toMatch(leak);
  } catch (cause) {
    const message = `${String(cause)}\n${JSON.stringify(sent).slice(0, 2000)}\nwas answered ${answer.slice(0, 1000)}`;
    throw new Error(message, { cause });
  }
}

/** Sends random requests, of which there are `count` in the long form. */
async function sendRandomly(api: Api, count: number, fromSeed: number): Promise<void> {
  const batches = fc.array(requests[api], { minLength: 16, maxLength: 16 });
  const property = fc.asyncProperty(batches, async (batch) => {
    await Promise.all(batch.map((sent) => examine(api, sent)));
  });
  const settings = { seed: fromSeed, numRuns: Math.ceil((share * count) / 16) };
  const { failed, errorInstance } = await fc.check(property, settings);
  expect.soft(failed, `FUZZ_SEED=${seed}: ${String(errorInstance)}`).toBe(false);
}

/** Sends one half of the requests; answers the memory that the server has afterwards, in MB. */
async function sendHalf(fromSeed: number): Promise<number> {
  await sendRandomly('GraphQL', 10_000, fromSeed);
  await sendRandomly('REST', 5000, fromSeed);
  return canMeasureMemory ? Math.round(readMemory(server.pid).now) : 0;
}

// Only a server that has answered all the requests shows what they have done to it.
test('random requests cause no server error, no leak and no growth of memory', async () => {
  const megabytes = [await sendHalf(seed), await sendHalf(seed + 1)];
  // oxlint-disable-next-line no-console -- the counts are what this test is run for
  console.log(`fuzz: ${JSON.stringify({ seed, outcomes, megabytes })}`);
  const [first = 0, second = 0] = megabytes;
  // After a part of the requests, memory has not yet grown to its bound.
  expect.soft(second - first).toBeLessThan(share < 1 ? 150 : 60);
  // A good part of the requests was valid: a short run has few, so chance counts.
  for (const { 200: valid = 0, 400: broken = 0, refused = 0 } of Object.values(outcomes)) {
    expect.soft(valid).toBeGreaterThan((broken + refused) / 4);
  }
  expect.soft((await fetch(`${server.url}/health`)).status).toBe(200);
  const creation = await run('mutation { a: newAISession(input: {}) { createdBy } }');
  expect.soft(creation).toEqual({ a: { createdBy: 'alice' } });
  expect.soft(server.logLines().filter(({ level }) => Number(level) >= 50)).toEqual([]);
});
