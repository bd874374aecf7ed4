import { once } from 'node:events';
import { connect } from 'node:net';
import { JsonServiceClient, type IReturn } from '@servicestack/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeSession } from '../support/rest-request.ts';
import { countRows, createAccount, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

class AISessionInfo {
  id = '';
  accountId?: string;
  accountName?: string;
  purpose?: string;
}

class ListResponse {
  items: AISessionInfo[] = [];
  totalCount = 0;
}

class SessionRequest implements IReturn<AISessionInfo> {
  sessionId?: string;
  accountId?: string;
  purpose?: string;
  constructor(fields: Partial<SessionRequest>) {
    Object.assign(this, fields);
  }
  createResponse(): AISessionInfo {
    return new AISessionInfo();
  }
}

class NewAISession extends SessionRequest {
  getTypeName = () => 'NewAISession';
}

class GetAISession extends SessionRequest {
  getTypeName = () => 'GetAISession';
}

class PatchAISession extends SessionRequest {
  getTypeName = () => 'PatchAISession';
}

class DeleteAISession extends SessionRequest {
  getTypeName = () => 'DeleteAISession';
}

class ListAISessions implements IReturn<ListResponse> {
  specificIds: string[];
  sortOrder = 'Ascend';
  constructor(specificIds: string[]) {
    this.specificIds = specificIds;
  }
  getTypeName = () => 'ListAISessions';
  createResponse(): ListResponse {
    return new ListResponse();
  }
}

describe.each([
  ['/api', 'api'],
  ['/json/reply', ''],
])('the ServiceStack client at %s', (_place, basePath) => {
  let client: JsonServiceClient;

  beforeEach(async () => {
    client = new JsonServiceClient(server.url).useBasePath(basePath);
    client.bearerToken = await server.tokenFor('alice');
  });

  test('creates a session', async () => {
    const session = await client.post(new NewAISession({ accountId, purpose: 'Billing' }));
    expect(session).toMatchObject({ accountId, accountName: 'Acme', purpose: 'Billing', createdBy: 'alice' });
  });

  test('reads a session', async () => {
    const session = await makeSession(server, { accountId });
    expect(await client.get(new GetAISession({ sessionId: session.id }))).toEqual(session);
  });

  test('lists sessions', async () => {
    const sessions = [await makeSession(server), await makeSession(server, { accountId })];
    const list = await client.get(new ListAISessions(sessions.map(({ id }) => id)));
    expect(list).toEqual({ items: sessions, totalCount: 2, totalPages: 1, hasMorePages: false });
  });

  test('patches a session', async () => {
    const { id } = await makeSession(server, { purpose: 'Billing' });
    const patched = await client.patch(new PatchAISession({ sessionId: id, purpose: 'Sales' }));
    expect(patched).toMatchObject({ id, purpose: 'Sales' });
  });

  test('deletes a session', async () => {
    const { id } = await makeSession(server);
    await client.delete(new DeleteAISession({ sessionId: id }));
    await expect(client.get(new GetAISession({ sessionId: id }))).rejects.toMatchObject({
      responseStatus: { errorCode: 'NotFound' },
    });
  });

  test('sends all of several requests at once', async () => {
    const requests = ['one', 'two', 'three'].map((purpose) => new NewAISession({ accountId, purpose }));
    const sessions = await client.sendAll(requests);
    expect(sessions.map(({ purpose }) => purpose)).toEqual(['one', 'two', 'three']);
    expect(await client.sendAll(sessions.map(({ id }) => new GetAISession({ sessionId: id })))).toEqual(sessions);
  });

  test('gets a typed error that says that it must sign in', async () => {
    client = new JsonServiceClient(server.url).useBasePath(basePath);
    await expect(client.post(new NewAISession({}))).rejects.toMatchObject({
      responseStatus: { errorCode: 'Unauthorized', message: expect.stringMatching(/./) },
    });
  });

  test('gets a typed error that says that it lacks the role', async () => {
    client.bearerToken = await server.tokenFor('bob', []);
    await expect(client.post(new NewAISession({}))).rejects.toMatchObject({
      responseStatus: { errorCode: 'Invalid Role', message: expect.stringContaining('SystemAdministrator') },
    });
  });

  test('gets a typed error that names the wrong field', async () => {
    const before = await countRows(server);
    await expect(client.post(new NewAISession({ accountId: unknownId }))).rejects.toMatchObject({
      responseStatus: { errorCode: 'BadRequest', errors: [{ fieldName: 'accountId' }] },
    });
    expect(await countRows(server)).toBe(before);
  });

  test('gets a typed error for an unknown id', async () => {
    await expect(client.delete(new DeleteAISession({ sessionId: unknownId }))).rejects.toMatchObject({
      responseStatus: { errorCode: 'NotFound', errors: [{ fieldName: 'sessionId' }] },
    });
  });
});

/** Sends bytes as they are, and reads all that comes back. */
async function sendBytes(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
    if (/\r\n0\r\n\r\n$|Content-Length/i.test(answer)) socket.end();
  });
  await once(socket, 'close');
  return answer;
}

test('the sample request of the source document works to the letter', async () => {
  const body = `{"accountId":"${accountId}","purpose":"String"}`;
  const answer = await sendBytes(
    [
      // The document has a space at the end of this line too, which is no HTTP: Node.js refuses it.
      'POST /ai/sessions HTTP/1.1',
      'Host: evovoice.io ',
      'Accept: text/csv',
      'Content-Type: text/csv',
      `Content-Length: ${body.length}`,
      `Authorization: Bearer ${await server.tokenFor('alice')}`,
      '',
      body,
    ].join('\r\n'),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\nContent-Type: text\/csv\b/i);
  expect(answer).toContain(`\r\n${accountId},Acme,String,`);
});
