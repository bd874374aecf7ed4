import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection, openRawConnections } from '../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../support/server-process.ts';
import { secret, sign } from '../support/sign-token.ts';
import { makeServerDatabase } from '../support/test-database.ts';
import { createSession, unknownId } from '../support/test-server.ts';

const { TEST_DATABASE_URL } = process.env;
const token = sign({ sub: 'hush-hush-user' });

let server: ServerProcess;
let metricsUrl: string;
let scrapedAtStart: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await makeServerDatabase();
  ({ drop } = database);
  server = await startServer({ ...database.variables, AUTH_SECRET: secret, GRAPHIQL: 'off', METRICS_PORT: '0' });
  metricsUrl = / {2}Metrics +(\S+)/.exec(server.startupLines())?.[1] ?? '';
  scrapedAtStart = await scrape();
});
afterAll(async () => {
  await cleanUp();
  await drop();
});

const send = (query: string, variables = {}) => server.graphql(query, variables, { token });
const create = () => createSession(server, { purpose: 'hush-hush' }, { token });

async function scrape(): Promise<string> {
  return (await fetch(metricsUrl)).text();
}

/** Reads one metric; zero for one that has not been counted. */
async function read(name: string): Promise<number> {
  const line = (await scrape()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Expects metrics to grow while `work` runs: a request is counted only after its client has the answer. */
async function expectGrowth(expected: Record<string, number>, work: () => Promise<unknown>): Promise<void> {
  const names = Object.keys(expected);
  const before = await Promise.all(names.map(read));
  await work();
  async function measureGrowth() {
    const after = await Promise.all(names.map(read));
    return Object.fromEntries(names.map((name, index) => [name, (after[index] ?? 0) - (before[index] ?? 0)]));
  }
  await expect.poll(measureGrowth).toEqual(expected);
}

const requests = (api: string, status: string) =>
  `ai_sessions_request_duration_seconds_count{api="${api}",status="${status}"}`;

async function writeEverything(): Promise<void> {
  await send('mutation { newAccount(input: { name: "Acme" }) { id } }');
  const { data } = await create();
  const { id } = data.newAISession;
  await send('mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "x" }) { id } }', { id });
  await send('mutation ($id: ID!) { deleteAISession(id: $id) }', { id });
}

function findManyAtOnce() {
  const fields = Array.from({ length: 30 }, (_, index) => `a${index}: aiSession(id: $id) { id }`);
  return send(`query ($id: ID!) { ${fields.join(' ')} }`, { id: unknownId });
}

const countConnections = () => read('ai_sessions_client_connections');

async function repeatQuery(): Promise<void> {
  for (let time = 1; time <= 10; time += 1) await send('{ viewer { roles } }');
}

describe('counts', () => {
  test.each([
    ['graphql', '2xx', () => send('{ viewer { id } }')],
    ['graphql', '4xx', () => fetch(`${server.url}/graphql`, { method: 'PUT' })],
    ['rest', '4xx', () => fetch(`${server.url}/ai/sessions`)],
    ['other', '4xx', () => fetch(`${server.url}/nowhere`)],
  ])('requests to %s that are answered with %s', async (api, status, request) => {
    await expectGrowth({ [requests(api, status)]: 1 }, request);
  });

  test('requests that are cut off, and those that run', async () => {
    const before = await read(requests('graphql', 'cut off'));
    const client = await openRawConnection(server.url);
    client.send('POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
    await expect.poll(() => read('ai_sessions_running_requests{of="strangers"}')).toBe(1);
    client.socket.destroy();
    await expect.poll(() => read(requests('graphql', 'cut off'))).toBe(before + 1);
  });

  test.each([
    [
      'graphql',
      'UNAUTHENTICATED',
      () => server.graphql('{ a: accounts { totalCount } b: accounts { totalCount } }', {}, { token: null }),
    ],
    ['graphql', 'BAD_USER_INPUT', () => send('{ nothing }')],
    ['graphql', 'NOT_FOUND', () => send(`mutation { deleteAISession(id: "${unknownId}") }`)],
    ['rest', 'UNAUTHENTICATED', () => fetch(`${server.url}/ai/sessions`)],
  ])('answers of %s with the error %s', async (api, code, request) => {
    await expectGrowth({ [`ai_sessions_errors_total{api="${api}",code="${code}"}`]: 1 }, request);
  });

  test('what is written', async () => {
    const actions = ['account created', 'session created', 'session changed', 'session deleted'];
    const counts = actions.map((action) => [`ai_sessions_writes_total{action="${action}"}`, 1]);
    await expectGrowth(Object.fromEntries(counts), writeEverything);
  });

  test('what each batch holds', async () => {
    const [sum, count] = ['sum', 'count'].map((end) => `ai_sessions_batch_size_${end}{work="find sessions"}`);
    // Those that are asked for while the first is looked for share a batch.
    await expectGrowth({ [sum ?? '']: 30, [count ?? '']: 2 }, findManyAtOnce);
  });

  test('compiled documents', async () => {
    await expectGrowth({ ai_sessions_compiled_documents: 1 }, repeatQuery);
  });
});

describe('measures', () => {
  test('how long requests take', async () => {
    const labels = 'api="graphql",status="2xx"';
    const upTo = (bound: string) => `ai_sessions_request_duration_seconds_bucket{le="${bound}",${labels}}`;
    await expectGrowth({ [upTo('10')]: 1, [upTo('+Inf')]: 1, [requests('graphql', '2xx')]: 1 }, create);
    expect(await read(`ai_sessions_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0);
  });

  test('the wait for a connection to the database, and the time that the database takes', async () => {
    const counts = { ai_sessions_database_wait_seconds_count: 1, ai_sessions_database_duration_seconds_count: 1 };
    await expectGrowth(counts, () => send('{ accounts { edges { node { id } } } }'));
    await expect.poll(() => read('ai_sessions_database_running')).toBe(0);
    const connections = await read('ai_sessions_database_connections');
    expect(connections > 0).toBe(TEST_DATABASE_URL !== undefined);
  });

  test('connections of clients', async () => {
    // More than other tests leave open, which may be closed meanwhile.
    expect(await countConnections()).toBeLessThan(50);
    const clients = await openRawConnections(server.url, 50);
    await expect.poll(countConnections).toBeGreaterThanOrEqual(50);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(countConnections).toBeLessThan(50);
  });

  test.each(['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_cpu_seconds_total'])(
    'the process: %s',
    async (name) => {
      expect(await read(name)).toBeGreaterThan(0);
    },
  );
});

test('no metric holds what clients send', async () => {
  await send('query HushHush { viewer { id } }');
  await fetch(`${server.url}/hush-hush`, { headers: { 'X-Request-Id': 'hush-hush' } });
  expect(await scrape()).not.toMatch(/hush-?hush/i);
});

test.each([
  'ai_sessions_dropped_log_lines_total',
  requests('rest', 'cut off'),
  'ai_sessions_errors_total{api="rest",code="IDEMPOTENCY_KEY_REUSED"}',
  'ai_sessions_writes_total{action="session deleted: outcome unknown"}',
])('%s is 0 before it is counted', async (name) => {
  expect(await scrape()).toContain(`\n${name} 0\n`);
});

/** The names and labels of what is not of Node.js. */
const series = (text: string) => (text.match(/^ai_sessions_[^ ]+/gm) ?? []).toSorted();

test('each series that these tests have counted was there at the start', async () => {
  expect(series(await scrape())).toEqual(series(scrapedAtStart));
});

test('the port of the API does not have them', async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
});
