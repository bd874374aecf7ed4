import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, startServer, type ServerProcess } from '../support/server-process.ts';
import { secret, sign } from '../support/sign-token.ts';
import { copyDataFolder } from '../support/test-database.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({ DATA_DIR: await copyDataFolder(), AUTH_SECRET: secret, LOG_LEVEL: 'trace' });
});
afterAll(cleanUp);

const newAISession = 'mutation Open($input: NewAISessionInput!) { newAISession(input: $input) { id purpose } }';

/** The log lines about a request. */
const linesOf = (id: string | null) => server.logLines().filter(({ requestId }) => requestId === id);

describe('the log', () => {
  test('is JSON with one line a request, which has its id, operation, viewer, status and duration', async () => {
    const { headers } = await server.graphql('query Look { viewer { id } }');
    const requestId = headers.get('x-request-id');
    await expect
      .poll(() => linesOf(requestId))
      .toEqual([
        expect.objectContaining({
          msg: 'request',
          address: '127.0.0.1',
          requestId,
          operation: 'query Look',
          viewer: 'alice',
          status: 200,
          durationMs: expect.any(Number),
        }),
      ]);
  });

  test('has 200 characters of a path', async () => {
    await fetch(`${server.url}/${'y'.repeat(500)}`);
    await expect.poll(() => server.logLines().map(({ path }) => path)).toContain(`/${'y'.repeat(199)}`);
  });

  test('has no control character, which a terminal would obey', async () => {
    const sub = 'eve\u001b[31m\u009b31m\u007f\u2028\u202e';
    await server.graphql('{ viewer { id } }', {}, { token: sign({ sub }) });
    await expect.poll(() => server.logLines().map(({ viewer }) => viewer)).toContain(sub);
    expect(server.output().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });

  test('has no token and no variables', async () => {
    const { url, token, graphiqlLink = '', graphql, logLines, output } = server;
    const countRequests = () => logLines().filter(({ msg }) => msg === 'request').length;
    const before = countRequests();
    const secretive = { input: { purpose: 'hush-hush', idempotencyKey: 'tell-nobody' } };
    await graphql(newAISession, secretive);
    await graphql(newAISession, secretive, { token: `${token}x` });
    await graphql(newAISession, { input: { accountId: 'hush-hush' } });
    await graphql(newAISession, { input: 'hush-hush' });
    const variables = encodeURIComponent('{"id":"hush-hush"}');
    await fetch(`${url}/graphql?query=query($id:ID!){aiSession(id:$id){id}}&variables=${variables}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const page = await fetch(graphiqlLink, { headers: { Accept: 'text/html' } });
    await page.text();
    await expect.poll(countRequests).toBe(before + 6);
    const logged = output();
    expect(logged).not.toMatch(/hush-hush|tell-nobody|eyJ/);
    expect(logged).not.toContain(token.split('.').at(-1));
  });

  test('and the answer keep a sane X-Request-Id of the client', async () => {
    const { headers } = await server.graphql(
      '{ viewer { id } }',
      {},
      { headers: { 'X-Request-Id': 'proxy-1.abc_DEF' } },
    );
    expect(headers.get('x-request-id')).toBe('proxy-1.abc_DEF');
    await expect.poll(() => linesOf('proxy-1.abc_DEF')).toMatchObject([{ msg: 'request' }]);
  });

  test('and the answer replace an X-Request-Id that is not sane', async () => {
    for (const given of ['two words', 'x'.repeat(65), '{"msg":"forged"}', 'é', '']) {
      const { headers } = await server.graphql('{ viewer { id } }', {}, { headers: { 'X-Request-Id': given } });
      const id = headers.get('x-request-id');
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await expect.poll(() => linesOf(id)).toMatchObject([{ msg: 'request' }]);
    }
    expect(server.output()).not.toMatch(/two words|xxxxx|forged|é/);
  });
});
