import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRateLimit } from '../../src/domain/rate-limit.ts';
import { createLossyDatabase } from '../support/lossy-database.ts';
import { send } from '../support/rest-request.ts';
import { codeOf, createSession, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

const { lose, wrap } = createLossyDatabase();
let server: TestServer;
let users = 0;

beforeAll(async () => {
  server = await startTestServer({ RATE_LIMIT: '3' }, wrap);
});
afterAll(() => server.stop());

/** Signs a new user in. */
async function signIn() {
  const token = await server.tokenFor(`user ${(users += 1)}`);
  const create = async (input: object = {}) => codeOf(await createSession(server, input, { token }));
  return { token, create, createTimes: (count: number) => Promise.all(Array.from({ length: count }, () => create())) };
}
const limited = 'RATE_LIMITED';

function passMinute(): void {
  const later = performance.now() + 60_001;
  vi.spyOn(performance, 'now').mockReturnValue(later);
}
afterEach(() => void vi.restoreAllMocks());

test('of ten creations at once, three are made', async () => {
  const { createTimes } = await signIn();
  const codes = await createTimes(10);
  expect(codes.filter((code) => code === undefined)).toHaveLength(3);
  expect(codes.filter((code) => code === limited)).toHaveLength(7);
});

describe('what creates nothing does not count:', () => {
  test('replays of a key, one after the other or at once', async () => {
    const { create, createTimes } = await signIn();
    const input = { idempotencyKey: 'once' };
    for (let count = 0; count < 4; count += 1) expect(await create(input)).toBeUndefined();
    expect(await Promise.all(Array.from({ length: 8 }, () => create(input)))).toEqual(Array(8).fill(undefined));
    expect((await createTimes(3)).filter((code) => code === limited)).toHaveLength(1);
  });

  test('replays beside new creations, all at once', async () => {
    const { create } = await signIn();
    for (const idempotencyKey of ['a', 'b']) await create({ idempotencyKey });
    const codes = await Promise.all(['a', 'b', 'a', 'b', 'c'].map((idempotencyKey) => create({ idempotencyKey })));
    expect(codes).toEqual(Array(5).fill(undefined));
    expect(await create()).toBe(limited);
  });

  test('a key that is misused', async () => {
    const { create } = await signIn();
    await create({ idempotencyKey: 'once' });
    for (let count = 0; count < 3; count += 1)
      expect(await create({ idempotencyKey: 'once', purpose: 'other' })).toBe('IDEMPOTENCY_KEY_REUSED');
    expect([await create(), await create(), await create()]).toEqual([undefined, undefined, limited]);
  });

  test('refused input', async () => {
    const { create, createTimes, token } = await signIn();
    for (const input of [{ accountId: 'no id' }, { accountId: unknownId }, { purpose: '\0' }, { idempotencyKey: '' }])
      expect(await create(input)).toBe('BAD_USER_INPUT');
    await server.graphql('mutation { newAccount(input: { name: "" }) { id } }', {}, { token });
    expect(await createTimes(3)).toEqual([undefined, undefined, undefined]);
    expect(await create()).toBe(limited);
  });

  test('what the database never got', async () => {
    const { create, createTimes, token } = await signIn();
    lose('request', 'request', 'request', 'request');
    for (let count = 0; count < 3; count += 1) expect(await create()).toBe('SERVICE_UNAVAILABLE');
    await server.graphql('mutation { newAccount(input: { name: "x" }) { id } }', {}, { token });
    expect(await createTimes(3)).toEqual([undefined, undefined, undefined]);
  });
});

test('a creation of unknown outcome counts', async () => {
  const { create, token } = await signIn();
  lose('deadline', 'deadline');
  expect(await create()).toBe('SERVICE_UNAVAILABLE');
  await server.graphql('mutation { newAccount(input: { name: "x" }) { id } }', {}, { token });
  expect([await create(), await create()]).toEqual([undefined, limited]);
});

describe('at the limit', () => {
  test('a replay is answered, and a key that is misused is refused as such', async () => {
    const { create } = await signIn();
    for (const idempotencyKey of ['a', 'b', 'c']) await create({ idempotencyKey });
    expect(await create({ idempotencyKey: 'a' })).toBeUndefined();
    expect(await create({ idempotencyKey: 'a', purpose: 'other' })).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await create({ idempotencyKey: 'd' })).toBe(limited);
  });

  test('input that is wrong is refused as such', async () => {
    const { create, createTimes } = await signIn();
    await createTimes(3);
    expect(await create({ accountId: 'no id' })).toBe('BAD_USER_INPUT');
  });

  test('a list with a key is continued at its first new item, in the next minute', async () => {
    const { token, create } = await signIn();
    const body = Array.from({ length: 5 }, (_, index) => ({ purpose: `item ${index}` }));
    const sendList = () =>
      send(server, 'POST', '/api/NewAISession[]', { token, headers: { 'Idempotency-Key': 'list' }, body });
    for (let count = 0; count < 2; count += 1) {
      const { status, text } = await sendList();
      expect({ status, text }).toMatchObject({
        status: 429,
        text: expect.stringContaining('Item 4: You may create 3'),
      });
    }
    passMinute();
    const { status, text } = await sendList();
    expect(status).toBe(200);
    expect(JSON.parse(text)).toHaveLength(5);
    expect([await create(), await create()]).toEqual([undefined, limited]);
  });
});

test('a creation that fails in a later minute leaves no more room there', () => {
  const { reserve } = createRateLimit(1);
  const end = reserve('alice');
  passMinute();
  reserve('alice');
  end(false);
  expect(() => reserve('alice')).toThrow('You may create 1 objects a minute. Try again in 60 seconds.');
});
