import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../support/rest-request.ts';
import { createSilence } from '../../support/silence.ts';
import { createAccount, startTestServer, unknownId, type TestServer } from '../../support/test-server.ts';

const silence = createSilence();
let server: TestServer;
let path: string;
let accepted: Promise<unknown>;

beforeAll(async () => {
  server = await startTestServer({}, silence.wrap);
  path = `/accounts/${await createAccount(server, 'Acme')}`;
});
afterAll(() => server.stop());

async function answerAgain(): Promise<void> {
  await silence.end();
  await accepted;
}

describe('while 500 requests of one user wait for the database', () => {
  let byOne: string;
  beforeAll(async () => {
    byOne = await server.tokenFor('dave');
    silence.begin();
    accepted = Promise.all(Array.from({ length: 500 }, () => send(server, 'GET', path, { token: byOne })));
    await silence.untilWaiting(500);
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
    silence.begin();
    lists = Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        send(server, 'GET', `${wholeList}&specificIds=${unknownId.slice(0, -1)}${index}`),
      ),
    );
    await silence.untilWaiting(10);
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
