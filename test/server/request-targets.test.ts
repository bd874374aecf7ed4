import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection } from '../support/raw-connection.ts';
import { makeSession, send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer();
  token = await server.tokenFor('alice');
});
afterAll(() => server.stop());

const viewer = '/graphql?query={viewer{id}}';

/** Sends a request whose first line is written by hand; answers the status and what follows the headers. */
async function ask(method: string, target: string) {
  const connection = await openRawConnection(server.url);
  const headers = ['Host: test', `Authorization: Bearer ${token}`, 'Connection: close'];
  connection.send(`${method} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  await connection.closed;
  const [, body] = connection.received().split('\r\n\r\n');
  return { status: connection.statuses()[0], body };
}

describe.each([
  ['an absolute one', 'http://sessions.example.com'],
  ['an absolute one with a port', 'HTTPS://sessions.example.com:4000'],
])('%s is understood', (_what, origin) => {
  test.each([viewer, '/ai/sessions', '/ai/sessions?countPerPage=1', '/health', '/ready', '/openapi.json'])(
    'before %s',
    async (target) => {
      expect(await ask('GET', `${origin}${target}`)).toMatchObject({ status: 200 });
    },
  );

  test('alone, as the root', async () => {
    expect(await ask('GET', origin)).toEqual(await ask('GET', '/'));
  });
});

test('the log has the path of an absolute target, without its host', async () => {
  await ask('GET', 'http://sessions.example.com/logged');
  expect(server.logLines()).toContainEqual(expect.objectContaining({ path: '/logged' }));
});

describe('a slash at the end of a path does not matter:', () => {
  test.each([
    viewer.replace('?', '/?'),
    '/ai/sessions/',
    '/ai/sessions/?all=true',
    '/health/',
    '/ready/',
    '/openapi.json/',
  ])('%s', async (target) => {
    expect(await ask('GET', target)).toMatchObject({ status: 200 });
  });

  test('but one at the end of a query is part of it', async () => {
    const { body } = await ask('GET', '/accounts?nameFilter=no/');
    expect(body).toContain('"items":[]');
  });
});

describe('the case of a path of REST does not matter:', () => {
  test.each(['/AI/Sessions', '/Ai/sessions.JSON', '/ACCOUNTS', '/ai/SESSIONS/'])('%s', async (path) => {
    expect(await send(server, 'GET', path)).toMatchObject({ status: 200 });
  });

  test.each(['/API/NewAISession', '/Json/Reply/newaisession', '/AI/Sessions', '/API/NEWAISESSION[]'])(
    'POST %s',
    async (path) => {
      expect(await send(server, 'POST', path, { body: { purpose: 'x' } })).toMatchObject({ status: 200 });
    },
  );

  test('and an id in it is found', async () => {
    const { id } = await makeSession(server);
    const { text } = await send(server, 'GET', `/AI/Sessions/${id.toUpperCase()}`);
    expect(JSON.parse(text)).toMatchObject({ id });
  });
});

describe('HEAD', () => {
  test.each([viewer, '/ai/sessions', '/ai/sessions?all=true', '/health', '/openapi.json'])(
    '%s has the status of GET, and no body',
    async (target) => {
      expect(await ask('HEAD', target)).toEqual({ status: 200, body: '' });
    },
  );

  test('/graphql has the headers of GET', async () => {
    const [get, head] = [await send(server, 'GET', viewer), await send(server, 'HEAD', viewer)];
    for (const name of ['Content-Type', 'Content-Length', 'Cache-Control'])
      expect(head.headers.get(name)).toBe(get.headers.get(name));
  });

  test('/graphql runs no mutation', async () => {
    expect(await ask('HEAD', '/graphql?query=mutation{newAISession(input:{}){id}}')).toEqual({ status: 405, body: '' });
  });
});
