import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { canMeasureMemory, forgetPeak, readMemory } from '../../support/process-memory.ts';
import { cleanUp } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';

const rounds = 3;
// One user may have 500 running requests, and all together 1,000.
const users = ['alice', 'bob', 'carol'];
const perRound = 1500;
const unavailable = /"code":"SERVICE_UNAVAILABLE","retryAfter":[1-9]/;
const query = 'mutation ($purpose: String!) { newAISession(input: { purpose: $purpose }) { id purpose } }';

describe.skipIf(!canRunPostgres)('of 1,500 creations at once, three times over,', () => {
  let database: PostgresServer;
  let service: PostgresService;
  let authorizations: string[];
  let agent: Agent;
  const idByPurpose = new Map<string, string>();
  const refused = new Set<string>();
  const others: unknown[] = [];

  beforeAll(async () => {
    database = await startPostgres();
    const token = makeToken();
    authorizations = users.map((sub) => `Bearer ${sign({ sub })}`);
    service = await startService(database.url, token, { DATABASE_TIMEOUT_MS: '5000' });
    if (canMeasureMemory) forgetPeak(service.pid);
  });
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  // That fetch gives up a connection that is not accepted within 10 seconds would be no answer of the server.
  async function post(path: string, body: object, index: number) {
    const Authorization = authorizations[index % users.length];
    const headers = { 'Content-Type': 'application/json', Authorization };
    const sent = request(service.url + path, { method: 'POST', agent, headers }).end(JSON.stringify(body));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to bring
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode, retryAfter: response.headers['retry-after'], body: await text(response) };
  }

  /** Creates a session over GraphQL or the REST API, and notes the result. */
  async function create(purpose: string, index: number): Promise<void> {
    const isGraphQL = index % 2 === 0;
    const answer = await (isGraphQL
      ? post('/graphql', { query, variables: { purpose } }, index)
      : post('/ai/sessions', { purpose }, index));
    const id = /"id":"([0-9a-f-]{36})"/.exec(answer.body)?.[1];
    const isCreated = answer.status === 200 && answer.body.includes(`"purpose":"${purpose}"`);
    if (isCreated && id) idByPurpose.set(purpose, id);
    else if (isGraphQL ? unavailable.test(answer.body) : answer.status === 503 && answer.retryAfter)
      refused.add(purpose);
    else others.push(answer);
  }

  test('each is answered, none is lost or doubled, memory stays bounded, and later ones are answered', async () => {
    for (let round = 0; round < rounds; round += 1) {
      agent = new Agent({ maxSockets: Infinity });
      const creations = Array.from({ length: perRound }, (_, index) => create(`${round} ${index}`, index));
      await Promise.all(creations);
      agent.destroy();
    }
    expect.soft(others).toEqual([]);
    expect.soft(idByPurpose.size + refused.size).toBe(rounds * perRound);
    // The server accepts at least as many as may run at a time.
    expect.soft(idByPurpose.size).toBeGreaterThanOrEqual(1000);

    const rows = await database.query('select id, purpose from ai_sessions');
    const acknowledged = rows.filter(({ id, purpose }) => idByPurpose.get(String(purpose)) === id);
    expect.soft(acknowledged).toHaveLength(idByPurpose.size);
    expect.soft(new Set(rows.map(({ purpose }) => purpose)).size).toBe(rows.length);

    const peak = canMeasureMemory ? readMemory(service.pid).peak : 0;
    expect.soft(peak).toBeLessThan(600);
    expect
      .soft(await service.createSession({ purpose: 'afterwards' }))
      .toMatchObject({ status: 200, errors: undefined });
  }, 180_000);
});
