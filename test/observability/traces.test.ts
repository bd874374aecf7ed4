import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patience } from '../support/patience.ts';
import { cleanUp, makeFolder, startServer, type ServerProcess } from '../support/server-process.ts';
import { secret } from '../support/sign-token.ts';
import { makeServerDatabase } from '../support/test-database.ts';
import { startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

interface Span {
  name: string;
  attributes: Record<string, unknown>;
  linked: string[];
  events: { attributes: Record<string, string> }[];
  status: { code: number };
  parent?: string;
  traceId: string;
  spanId: string;
}

let file: string;
let server: ServerProcess;
let drop: () => Promise<void>;

beforeAll(async () => {
  file = path.join(await makeFolder(), 'spans');
  await writeFile(file, '');
  const preload = { NODE_OPTIONS: '--import ./test/support/tracing-preload.ts', SPANS_FILE: file };
  const database = await makeServerDatabase();
  ({ drop } = database);
  server = await startServer({ ...database.variables, ...preload, AUTH_SECRET: secret });
});
afterAll(async () => {
  await cleanUp();
  await drop();
});

let traces = 0;

/** Sends an operation as part of a trace of its own; answers its spans, with the one of the operation first. */
async function trace(query: string, variables: object, name: string) {
  traces += 1;
  const traceId = String(traces).padStart(32, '0');
  const traceparent = `00-${traceId}-00000000000000aa-01`;
  await server.graphql(query, variables, { headers: { traceparent } });
  return vi.waitFor(async () => {
    const spans: Span[] = (await readFile(file, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const operation = spans.find((span) => span.parent === '00000000000000aa' && span.traceId === traceId);
    const children = spans.filter((span) => span.parent === operation?.spanId);
    const shared = spans.filter((span) => span.linked.includes(operation?.spanId ?? ''));
    const found = [...children, ...shared].find((span) => span.name === name);
    const statements = spans.filter((span) => span.parent === shared[0]?.spanId);
    if (!operation || !found) throw new Error(`there is no span ${name} yet`);
    return { operation, found, statements, traceparent };
  }, patience);
}

const creation = 'mutation New($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
const create = () => trace(creation, { input: { purpose: 'hush-hush' } }, 'create sessions');

describe('with an SDK', () => {
  test('an operation has a span, in the trace of its client', async () => {
    const { operation } = await create();
    expect(operation).toMatchObject({
      name: 'mutation',
      attributes: { 'graphql.operation.type': 'mutation', 'graphql.operation.name': 'New' },
      status: { code: 0 },
    });
  });

  test('a batch has a span that links to its operations, and one for its statement', async () => {
    const { found, statements } = await create();
    expect(found.parent).toBeUndefined();
    expect(statements).toMatchObject([{ name: 'database', attributes: { 'db.system.name': 'postgresql' } }]);
    expect(statements[0]?.events[0]?.attributes['db.query.text']).toMatch(/^with .*insert into "ai_sessions"/s);
  });

  test('statements that are not shared have a span in the trace of the operation', async () => {
    const { operation, found } = await trace('{ accounts { totalCount } }', {}, 'database');
    expect(found.traceId).toBe(operation.traceId);
    expect(found.events[0]?.attributes['db.query.text']).toMatch(/^select .* from "accounts"/);
  });

  test('an error is told by its code', async () => {
    const query = `mutation { deleteAISession(id: "${unknownId}") }`;
    const { operation } = await trace(query, {}, 'database');
    expect(operation).toMatchObject({ attributes: { 'error.type': 'NOT_FOUND' }, status: { code: 2 } });
  });

  test('no span has what clients send but the names of their operations', async () => {
    await create();
    expect(await readFile(file, 'utf8')).not.toContain('hush-hush');
  });
});

describe('without an SDK', () => {
  let plain: TestServer;
  beforeAll(async () => {
    plain = await startTestServer({ LOG_LEVEL: 'info' });
  });
  afterAll(() => plain.stop());

  test.each([
    ['a traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
    ['no malformed one', '00-hush-hush-01', false],
  ])('the log lines of a request have %s', async (_what, traceparent, isLogged) => {
    const { headers } = await plain.graphql(
      'mutation { newAccount(input: { name: "Acme" }) { id } }',
      {},
      { headers: { traceparent } },
    );
    const id = headers.get('X-Request-Id');
    const lines = () => plain.logLines().filter(({ requestId }) => requestId === id);
    await expect.poll(lines).toHaveLength(2);
    expect(lines().map((line) => line['traceparent'])).toEqual(Array(2).fill(isLogged ? traceparent : undefined));
  });
});
