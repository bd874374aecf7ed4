import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { makeFolder, cleanUp } from '../support/server-process.ts';
import { codeOf, countRows, startTestServer, type TestServer } from '../support/test-server.ts';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

const me = 'query Me { viewer { id } }';
const creation = 'mutation New($input: NewAISessionInput!) { newAISession(input: $input) { purpose createdBy } }';
const other = 'query Other { viewer { roles } }';
/** Over the limits on documents that are not trusted: 40 aliases, and 30 kB. */
const large = `query Large { ${Array.from({ length: 40 }, (_, index) => `a${index}: viewer { id }`).join(' ')} }${' '.repeat(30_000)}`;
const outdated = 'query Outdated { fieldOfTomorrow }';
const documents = [me, creation, large, outdated, 'query Schema { __schema { description } }'];

/** The same documents as each tool writes them. */
const manifests = {
  'codegen or Relay': Object.fromEntries(documents.map((text) => [hashOf(text), text])),
  'codegen, with prefixes': Object.fromEntries(documents.map((text) => [`sha256:${hashOf(text)}`, text])),
  Apollo: {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: documents.map((body) => ({ id: hashOf(body), name: 'Me', type: 'query', body })),
  },
};

let folder: string;
const servers: TestServer[] = [];

async function start(manifest: object, environment: Record<string, string> = {}): Promise<TestServer> {
  const TRUSTED_DOCUMENTS = path.join(folder, `${servers.length}.json`);
  await writeFile(TRUSTED_DOCUMENTS, JSON.stringify(manifest));
  const server = await startTestServer({ TRUSTED_DOCUMENTS, ...environment });
  servers.push(server);
  return server;
}

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await cleanUp();
});

/** The ways to name a document. */
const names = {
  documentId: (text: string) => ({ documentId: hashOf(text) }),
  'documentId with a prefix': (text: string) => ({ documentId: `sha256:${hashOf(text)}` }),
  'the hash of Apollo and urql': (text: string) => ({
    extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(text) } },
  }),
};

async function post(server: TestServer, body: object, options: { token?: string | null; Accept?: string } = {}) {
  const { token, Accept = 'application/json' } = options;
  const { status, text } = await send(server, 'POST', '/graphql', {
    body,
    headers: { Accept },
    ...(token !== undefined && { token }),
  });
  return { status, ...JSON.parse(text) };
}

async function get(server: TestServer, parameters: object) {
  const given = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const { status, text } = await send(server, 'GET', `/graphql?${new URLSearchParams(given)}`);
  return { status, ...JSON.parse(text) };
}

const answered = { status: 200, data: { viewer: { id: 'alice' } } };

describe.each(Object.entries(manifests))('with the manifest of %s', (_tool, manifest) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start(manifest);
  });

  test.each(Object.entries(names))('%s finds a document', async (_name, nameOf) => {
    expect(await post(server, nameOf(me))).toEqual(answered);
    expect(await get(server, nameOf(me))).toEqual(answered);
  });

  test('a mutation is created by its id alone, by POST only', async () => {
    const before = await countRows(server);
    const request = { ...names.documentId(creation), variables: { input: { purpose: 'Trusted' } } };
    expect(await get(server, request)).toMatchObject({ status: 405 });
    expect(await post(server, request)).toEqual({
      status: 200,
      data: { newAISession: { purpose: 'Trusted', createdBy: 'alice' } },
    });
    expect(await countRows(server)).toBe(before + 1);
  });

  test('other documents are served, and go on to hear of ids that are not known', async () => {
    expect(await post(server, { query: other })).toMatchObject({ status: 200, data: { viewer: {} } });
    for (const nameOf of Object.values(names))
      expect(await post(server, nameOf(other))).toEqual({
        status: 200,
        errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
      });
    expect(await post(server, { ...names['the hash of Apollo and urql'](other), query: other })).toMatchObject({
      status: 200,
      data: { viewer: {} },
    });
  });

  test('a trusted document has no limit on its size', async () => {
    expect(await post(server, names.documentId(large))).toMatchObject({ status: 200, data: { a39: { id: 'alice' } } });
    expect(await post(server, { query: large })).toMatchObject({ status: 200, data: { a39: { id: 'alice' } } });
    expect(await post(server, { query: `${large} ` })).toMatchObject({ errors: [{}] });
  });

  test('a document that the schema refuses is named in the log, and left out', async () => {
    const warnings = server.logLines().filter(({ msg }) => String(msg).startsWith('a trusted document'));
    expect(warnings.map(({ documentId }) => String(documentId).replace('sha256:', ''))).toEqual([hashOf(outdated)]);
    expect(codeOf(await post(server, names.documentId(outdated)))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test('the log says whether the document of a request is trusted', async () => {
    await post(server, names.documentId(me));
    await post(server, { query: other });
    const lines = server.logLines().filter(({ msg, method }) => msg === 'request' && method === 'POST');
    expect(lines.slice(-2).map(({ operation, trusted }) => [operation, trusted])).toEqual([
      ['query Me', true],
      ['query Other', undefined],
    ]);
  });
});

describe('with TRUSTED_DOCUMENTS_ONLY', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start(manifests.Apollo, { TRUSTED_DOCUMENTS_ONLY: 'on' });
  });

  describe.each(['application/json', 'application/graphql-response+json', '*/*'])('in %s', (Accept) => {
    test.each([
      ['a document that is not trusted', { query: other }, /Send the "documentId" of one/],
      ['what is no document', { query: '{'.repeat(1000) }, /Send the "documentId" of one/],
      [
        'a trusted id beside another document',
        { ...names.documentId(me), query: other },
        /Send the "documentId" of one/,
      ],
      ['an id that is not known', names.documentId(other), /None has this id/],
      ['an id that is no string', { documentId: 7 }, /None has this id/],
      ['nothing', {}, /Send the "documentId" of one/],
    ])('%s is refused', async (_what, body, message) => {
      const { status, errors } = await post(server, body, { Accept });
      expect({ status, code: codeOf({ errors }) }).toEqual({ status: 400, code: 'BAD_USER_INPUT' });
      expect(errors[0].message).toMatch(message);
    });

    test('a trusted document is served by its id, and by its text', async () => {
      expect(await post(server, names.documentId(me), { Accept })).toEqual(answered);
      expect(await post(server, { query: me }, { Accept })).toEqual(answered);
    });
  });

  test('a bad token is refused before', async () => {
    expect(await post(server, { query: other }, { token: 'x' })).toMatchObject({ status: 401 });
  });

  test('a trusted document needs the role like any other', async () => {
    const request = { ...names.documentId(creation), variables: { input: {} } };
    expect(codeOf(await post(server, request, { token: null }))).toBe('UNAUTHENTICATED');
    expect(codeOf(await post(server, request, { token: await server.tokenFor('bob', []) }))).toBe('FORBIDDEN');
  });

  test('no document shows the schema to others than administrators, and GraphiQL is off', async () => {
    expect(await post(server, names.documentId(documents[4] ?? ''))).toMatchObject({ status: 400 });
    const page = await send(server, 'GET', '/graphql', { headers: { Accept: 'text/html' } });
    expect(page.status).toBe(400);
  });

  test('the REST API is as before', async () => {
    const created = await send(server, 'POST', '/ai/sessions', { body: { purpose: 'By REST' } });
    expect(created.status).toBe(200);
    expect(JSON.parse(created.text)).toMatchObject({ purpose: 'By REST' });
  });
});
