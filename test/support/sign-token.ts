import { createHmac, sign as signBytes, type KeyObject } from 'node:crypto';
import type { GraphQLAnswer, GraphQLServer } from './graphql.ts';

/** What the servers of the tests sign tokens with, unless a test is about secrets. */
export const secret = 'a secret that only the tests know of';

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

export const encode = (part: object | string) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Claims that are good, where `claims` does not say otherwise: undefined leaves a claim out. */
export function claimsWith(claims: object = {}): object {
  return { sub: 'alice', roles: ['SystemAdministrator'], exp: inSeconds(3600), ...claims };
}

/** All of a token but its signature. */
export function unsigned(header: object, claims: object | string = {}): string {
  return `${encode(header)}.${encode(typeof claims === 'string' ? claims : claimsWith(claims))}.`;
}

/**
 * Signs a token. It does so by hand: libraries refuse to make most of what an attacker would send.
 * @param claims which are not the good ones, or the payload as a text
 * @param key a text or bytes for HMAC
 */
export function sign(
  claims: object | string = {},
  key: string | Buffer | KeyObject = secret,
  header: object = { alg: 'HS256' },
): string {
  const input = unsigned(header, claims).slice(0, -1);
  const hash = `sha${/"alg":"\w\w(384|512)"/.exec(JSON.stringify(header))?.[1] ?? '256'}`;
  const signature =
    typeof key === 'string' || Buffer.isBuffer(key)
      ? createHmac(hash, key).update(input).digest()
      : signBytes(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

export const askViewer = (server: GraphQLServer, Authorization: string) =>
  server.graphql('{ viewer { id roles } }', {}, { token: null, headers: { Authorization } });

export const outline = ({ status, data, errors, headers }: GraphQLAnswer) => ({
  status,
  data,
  code: errors?.[0]?.extensions.code,
  isChallenged: /^Bearer\b.*\berror="invalid_token"/.test(headers.get('WWW-Authenticate') ?? ''),
  retriesAfter: headers.get('Retry-After'),
});

/** The outline of the answer to a token that is not valid. */
export const refusal = {
  status: 401,
  data: undefined,
  code: 'UNAUTHENTICATED',
  isChallenged: true,
  retriesAfter: null,
};

/** The outline of the answer to a token that cannot be checked. */
export const unchecked = {
  status: 503,
  data: undefined,
  code: 'SERVICE_UNAVAILABLE',
  isChallenged: false,
  retriesAfter: '2',
};
