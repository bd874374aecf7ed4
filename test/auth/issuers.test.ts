import { afterAll, beforeAll, expect, test } from 'vitest';
import { askViewer, outline, refusal, sign } from '../support/sign-token.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const [iss, aud] = ['https://id.example.com', 'sessions'];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ AUTH_ISSUER: iss, AUTH_AUDIENCE: aud });
});
afterAll(() => server.stop());

test.each([aud, [aud], ['other', aud]].map((audience) => ({ iss, aud: audience })))(
  'a token with %j is accepted',
  async (claims) => {
    expect(await askViewer(server, `Bearer ${sign(claims)}`)).toMatchObject({ data: { viewer: { id: 'alice' } } });
  },
);

const otherIssuers = [
  undefined,
  null,
  '',
  'https://evil.example.com',
  `${iss}/`,
  `${iss}.evil.org`,
  'HTTPS://ID.EXAMPLE.COM',
  [iss],
];
const otherAudiences = [
  undefined,
  null,
  true,
  '',
  'other',
  'Sessions',
  'sessions ',
  'session',
  'sessions,other',
  [],
  ['other'],
  [[aud]],
  { sessions: true },
  { 0: aud, length: 1 },
];

test.each<object>([
  ...otherIssuers.map((issuer) => ({ iss: issuer, aud })),
  ...otherAudiences.map((audience) => ({ iss, aud: audience })),
])('a token with %j is refused', async (claims) => {
  expect(outline(await askViewer(server, `Bearer ${sign(claims)}`))).toEqual(refusal);
});
