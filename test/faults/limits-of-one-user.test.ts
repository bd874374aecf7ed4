import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { patience } from '../support/patience.ts';
import { send } from '../support/rest-request.ts';
import { createAccount, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let path: string;
/** While this is pending, the database answers nothing. */
let silence: PromiseWithResolvers<void> | undefined;
/** How many requests wait for the database. */
let waiting = 0;
let accepted: Promise<unknown>;

const canFallSilent = (database: Database): Database => ({
  ...database,
  async run(work, bulkhead) {
    waiting += 1;
    await silence?.promise;
    waiting -= 1;
    return database.run(work, bulkhead);
  },
});

beforeAll(async () => {
  server = await startTestServer({}, canFallSilent);
  path = `/accounts/${await createAccount(server, 'Acme')}`;
});
afterAll(() => server.stop());

function fallSilent(): void {
  silence = Promise.withResolvers();
}

async function answerAgain(): Promise<void> {
  silence?.resolve();
  silence = undefined;
  await vi.waitUntil(() => waiting === 0, patience);
  await accepted;
}

describe('while 500 requests of one user wait for the database', () => {
  let byOne: string;
  beforeAll(async () => {
    byOne = await server.tokenFor('dave');
    fallSilent();
    accepted = Promise.all(Array.from({ length: 500 }, () => send(server, 'GET', path, { token: byOne })));
    await vi.waitUntil(() => waiting === 500, patience);
  });
  afterAll(answerAgain);

  test('another of the same user is refused, with when to try again', async () => {
    const overGraphQL = await server.graphql('{ viewer { id } }', {}, { token: byOne });
    expect(overGraphQL).toMatchObject({
      status: 429,
      errors: [{ extensions: { code: 'RATE_LIMITED', retryAfter: 2 } }],
    });
    const overRest = await send(server, 'GET', path, { token: byOne });
    expect(overRest.status).toBe(429);
    expect(overRest.text).toMatch(/"TooManyRequests".*500 of your requests are running/);
    expect(overRest.headers.get('Retry-After')).toBe('2');
  });

  test('others are answered', async () => {
    const { status } = await server.graphql('{ viewer { id } }', {});
    expect(status).toBe(200);
  });
});

describe('while one user streams ten lists', () => {
  const wholeList = '/ai/sessions?all=true';
  let lists: Promise<{ status: number }[]>;
  beforeAll(async () => {
    fallSilent();
    lists = Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        send(server, 'GET', `${wholeList}&specificIds=${unknownId.slice(0, -1)}${index}`),
      ),
    );
    await vi.waitUntil(() => waiting === 10, patience);
  });
  afterAll(answerAgain);

  test('another of the same user is refused, with when to try again', async () => {
    const { status, text, headers } = await send(server, 'GET', wholeList);
    expect(status).toBe(429);
    expect(text).toMatch(/10 of your lists with \\"all\\" are running/);
    expect(headers.get('Retry-After')).toBe('2');
  });

  test('they all are answered, and so are lists after them', async () => {
    await answerAgain();
    expect((await lists).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    await expect.poll(async () => (await send(server, 'GET', wholeList)).status).toBe(200);
  });
});
