import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askViewer, claimsWith, outline, sign } from '../support/sign-token.ts';
import { countRows, createSession, startTestServer, type TestServer } from '../support/test-server.ts';

async function rolesOf(server: TestServer, claims: object) {
  const { data } = await askViewer(server, `Bearer ${sign(claims)}`);
  return data.viewer.roles;
}

const forbidden = {
  status: 200,
  data: { newAISession: null },
  code: 'FORBIDDEN',
  isChallenged: false,
  retriesAfter: null,
};

describe('with a claim that lists the roles', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  test.each([
    ['a string', 'SystemAdministrator', ['SystemAdministrator']],
    ['a string with two words', 'Agent SystemAdministrator', ['Agent SystemAdministrator']],
    ['a list of lists', [['SystemAdministrator']], []],
    ['left out', undefined, []],
    ['a list with more than texts', ['Agent', 7, null, ['SystemAdministrator']], ['Agent']],
  ])('a roles claim that is %s grants its strings, and nothing else', async (_kind, roles, granted) => {
    expect(await rolesOf(server, { roles })).toEqual(granted);
  });

  test.each<object>([
    ...[undefined, null, true, 1, '', '*', 'Agent SystemAdministrator'].map((roles) => ({ roles })),
    ...[
      {},
      { includes: 'SystemAdministrator' },
      { includes: true },
      { toString: 'SystemAdministrator' },
      { SystemAdministrator: true },
      { roles: ['SystemAdministrator'] },
      { 0: 'SystemAdministrator', length: 1 },
    ].map((roles) => ({ roles })),
    ...[
      true,
      null,
      '*',
      ['SystemAdministrator'],
      { name: 'SystemAdministrator' },
      { toString: 'SystemAdministrator' },
      'systemadministrator',
      'SYSTEMADMINISTRATOR',
      ' SystemAdministrator',
      'SystemAdministrator\n',
      'SystemAdministrator\0',
      'System Administrator',
      'System\u200bAdministrator',
      'Syst\u0435mAdministrator',
      'SystemAdministrator,Agent',
    ].map((role) => ({ roles: [role] })),
    ...['role', 'Roles', 'roles[]', 'roles.0', 'scope', 'groups'].map((claim) => ({
      roles: undefined,
      [claim]: ['SystemAdministrator'],
    })),
    { roles: undefined, sub: 'SystemAdministrator' },
    { roles: undefined, realm_access: { roles: ['SystemAdministrator'] } },
  ])('%j grants no rights of an administrator', async (claims) => {
    const [before, token] = [await countRows(server), sign(claims)];
    expect(await rolesOf(server, claims)).not.toContain('SystemAdministrator');
    expect(outline(await createSession(server, {}, { token }))).toEqual(forbidden);
    expect(await countRows(server)).toBe(before);
  });

  test('what claims to be the prototype of the claims grants nothing', async () => {
    const payload = JSON.stringify(claimsWith({ roles: undefined })).replace(
      '{',
      '{"__proto__":{"roles":["SystemAdministrator"]},',
    );
    expect(outline(await createSession(server, {}, { token: sign(payload) }))).toEqual(forbidden);
  });

  test('a role that a new token lacks is gone at once, whatever is remembered of the one before it', async () => {
    expect(await createSession(server, {}, { token: sign() })).toMatchObject({ status: 200, errors: undefined });
    const before = await countRows(server);
    expect(outline(await createSession(server, {}, { token: sign({ roles: ['Agent'] }) }))).toEqual(forbidden);
    expect(await countRows(server)).toBe(before);
  });

  test('a role that a new token has is there at once', async () => {
    expect(outline(await createSession(server, {}, { token: sign({ roles: [] }) }))).toEqual(forbidden);
    expect(await createSession(server, {}, { token: sign() })).toMatchObject({ status: 200, errors: undefined });
  });
});

describe('with roles inside another claim', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ AUTH_ROLES_CLAIM: 'realm_access.roles' });
  });
  afterAll(() => server.stop());

  test('they are read from there', async () => {
    expect(await rolesOf(server, { realm_access: { roles: ['Agent'] } })).toEqual(['Agent']);
    expect(await rolesOf(server, { realm_access: { roles: 'Agent' } })).toEqual(['Agent']);
  });

  test.each<object>([
    {},
    { roles: { realm_access: ['SystemAdministrator'] } },
    ...[null, 'none', 'roles', ['SystemAdministrator'], [{ roles: ['SystemAdministrator'] }]].map((claim) => ({
      realm_access: claim,
    })),
    ...[null, { SystemAdministrator: true }, { 0: 'SystemAdministrator', length: 1 }].map((roles) => ({
      realm_access: { roles },
    })),
  ])('%j grants none', async (claims) => {
    expect(await rolesOf(server, claims)).toEqual([]);
    expect(outline(await createSession(server, {}, { token: sign(claims) }))).toEqual(forbidden);
  });
});

test('roles are read from a claim whose own name has dots', async () => {
  const server = await startTestServer({ AUTH_ROLES_CLAIM: 'https://example.com/roles' });
  const roles = await rolesOf(server, { 'https://example.com/roles': ['Agent'] });
  await server.stop();
  expect(roles).toEqual(['Agent']);
});
