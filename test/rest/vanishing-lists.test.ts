import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceUnavailableError } from '../../src/errors.ts';
import { insertSessions } from '../support/many-sessions.ts';
import { readList, send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
/** Runs before a statement, by how many have gone before it. */
let beforeWork: (count: number) => Promise<void> = async () => {};
let works = 0;

beforeAll(async () => {
  server = await startTestServer({}, (database) => ({
    ...database,
    async run(work, bulkhead) {
      works += 1;
      await beforeWork(works);
      return database.run(work, bulkhead);
    },
  }));
});
afterAll(() => server.stop());

/** Fills the table with sessions, and lets something happen before the second page of the next list is read. */
async function prepare(count: number, meanwhile: () => Promise<unknown>): Promise<void> {
  beforeWork = async () => {};
  await execute(sql`delete from ai_sessions`);
  await insertSessions(server, count);
  works = 0;
  beforeWork = async (work) => {
    // The first two are those of the first page and of its total.
    if (work !== 3) return;
    beforeWork = async () => {};
    await meanwhile();
  };
}

const execute = (statement: ReturnType<typeof sql>) => server.database.run((orm) => orm.execute(statement), 'lookups');
const deleteAll = () => execute(sql`delete from ai_sessions`);
/** All but the 100 newest, which are the first page, and the three oldest. */
const deleteMost = () =>
  execute(sql`
  delete from ai_sessions where id not in (select id from ai_sessions order by id desc limit 100)
    and id not in (select id from ai_sessions order by id limit 3)`);

describe.each([
  ['all of the rest', deleteAll, 100],
  ['most of the rest', deleteMost, 103],
])('while others delete %s, a whole list stays valid', (_what, meanwhile, left) => {
  test('in JSON', async () => {
    await prepare(250, meanwhile);
    const { items, hasMorePages } = readList(await send(server, 'GET', '/ai/sessions?all=true'));
    expect({ count: items.length, hasMorePages }).toEqual({ count: left, hasMorePages: false });
  });

  test('in JSON Lines', async () => {
    await prepare(250, meanwhile);
    const answer = await send(server, 'GET', '/ai/sessions.jsonl?all=true');
    const lines = answer.text.split('\n');
    expect(lines.pop()).toBe('');
    expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(left);
  });

  test('in CSV', async () => {
    await prepare(250, meanwhile);
    const answer = await send(server, 'GET', '/ai/sessions.csv?all=true');
    const rows = answer.text.split('\r\n');
    expect(rows.pop()).toBe('');
    expect(new Set(rows).size).toBe(1 + left);
  });
});

const fail = () => Promise.reject(new ServiceUnavailableError('The database'));

describe('while a page cannot be read, a whole list is cut off', () => {
  test.each(['json', 'csv', 'jsonl'])('in %s', async (format) => {
    await prepare(250, fail);
    await expect(send(server, 'GET', `/ai/sessions.${format}?all=true`)).rejects.toThrow(TypeError);
  });

  test.each(['json', 'csv', 'jsonl'])('in %s over HTTP/1.0, where only a reset tells', async (format) => {
    await prepare(250, fail);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const authorization = `Authorization: Bearer ${await server.tokenFor('alice')}`;
    socket.write(`GET /ai/sessions.${format}?all=true HTTP/1.0\r\n${authorization}\r\n\r\n`);
    await expect(text(socket)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

test('over HTTP/1.0, a whole list ends with its connection', async () => {
  await prepare(250, async () => {});
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  const authorization = `Authorization: Bearer ${await server.tokenFor('alice')}`;
  socket.write(`GET /ai/sessions.jsonl?all=true HTTP/1.0\r\n${authorization}\r\n\r\n`);
  const lines = (await text(socket)).split('\r\n\r\n')[1]?.trimEnd().split('\n');
  expect(lines).toHaveLength(250);
});
