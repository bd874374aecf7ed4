import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.ts';
import { maximumUserLength } from '../domain/validation.ts';
import { CodedError, ServiceUnavailableError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { createRefusalLog } from './refusal-log.ts';
import type { Viewer } from './viewer.ts';

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** How long a verified token is cached; bounds how long a withdrawn key still works. */
const cacheMs = 60_000;

/** How far the clocks of those who sign tokens may be from ours, in seconds. */
const clockTolerance = 10;

/** The header `typ` of access tokens. Providers sign others with the same keys, such as logout tokens. */
const accessTokenType = /^(application\/)?(at\+)?jwt$/i;

/**
 * Verifies tokens as RFC 8725 advises: named algorithms of one family, access tokens only, `exp` and `sub` required.
 * @param secret of HS256 tokens, where the configuration names no key set
 * @returns a function that finds the viewer in an Authorization header; null if that holds no bearer token. It throws
 * UNAUTHENTICATED, and logs why, when the token is not valid; SERVICE_UNAVAILABLE when the keys cannot be fetched.
 */
export function createTokenVerifier(config: Config, secret: string | undefined) {
  const { AUTH_JWKS_URL, AUTH_SECRET_PREVIOUS, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const key = AUTH_JWKS_URL ? remoteKeys(AUTH_JWKS_URL) : secretKey(secret);
  const previousKey = AUTH_SECRET_PREVIOUS ? secretKey(AUTH_SECRET_PREVIOUS) : undefined;
  const options = {
    algorithms: AUTH_JWKS_URL ? asymmetric : ['HS256'],
    requiredClaims: ['exp', 'sub'],
    clockTolerance,
    ...(issuer && { issuer }),
    ...(audience && { audience }),
  };

  async function verify(token: string) {
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!previousKey || !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      return jwtVerify(token, previousKey, options);
    }
  }

  // Verifying a signature costs about as much as writing a session.
  const cache = new LRUCache<string, Viewer>({ max: 1000, perf: { now: () => Date.now() }, ttlResolution: 0 });

  const logRefusal = createRefusalLog();

  return async (authorization: string | undefined, log: Logger): Promise<Viewer | null> => {
    const [scheme, ...rest] = (authorization ?? '').trim().split(/ +/);
    if (scheme?.toLowerCase() !== 'bearer') return null;
    const token = rest.join(' ');
    const known = cache.get(token);
    if (known) return known;
    try {
      const { payload, protectedHeader } = await verify(token);
      const { typ = 'JWT' }: { typ?: unknown } = protectedHeader;
      if (typeof typ !== 'string' || !accessTokenType.test(typ))
        throw new errors.JWTInvalid('the "typ" is not that of an access token');
      const viewer = toViewer(payload, config.AUTH_ROLES_CLAIM);
      const msUntilExpiry = (Number(payload.exp) + clockTolerance) * 1000 - Date.now();
      cache.set(token, viewer, { ttl: Math.min(Math.max(1, msUntilExpiry), cacheMs) });
      return viewer;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      logRefusal(token, error, log);
      throw invalidToken(error);
    }
  };
}

function toViewer(payload: JWTPayload, rolesClaim: string): Viewer {
  const { sub } = payload;
  const isStorable = typeof sub === 'string' && sub !== '' && sub.length <= maximumUserLength && sub.isWellFormed();
  if (!isStorable || sub.includes('\0') || sub.startsWith('\uFEFF'))
    throw new errors.JWTClaimValidationFailed('"sub" is not valid', payload, 'sub');
  let roles: unknown = payload;
  // A name such as https://example.com/roles has dots of its own.
  const path = Object.hasOwn(payload, rolesClaim) ? [rolesClaim] : rolesClaim.split('.');
  for (const name of path) roles = new Map(Object.entries(roles ?? {})).get(name);
  return { id: sub, roles: [roles].flat().filter((role) => typeof role === 'string') };
}

function secretKey(secret: string | undefined): JWTVerifyGetKey {
  const key = new TextEncoder().encode(secret);
  return async () => key;
}

/** How long a failing identity provider is left alone, in milliseconds: jose would ask it again for each token. */
const retryMs = 1000;

/** The identity provider's keys. If it has none for a token, the token is invalid; if it fails, it is unavailable. */
function remoteKeys(url: string): JWTVerifyGetKey {
  let retryAt = 0;
  /** What the provider sent last: jose's errors do not tell. */
  let received = '';
  const fetchKeys: typeof fetch = async (...request) => {
    if (Date.now() < retryAt) throw new Error('the keys could not be fetched a moment ago');
    received = 'nothing';
    const response = await fetch(...request);
    const [location] = response.headers.get('location')?.split('?') ?? [];
    const parts = [`status ${response.status}`, response.headers.get('content-type'), location && `to ${location}`];
    received = parts.filter(Boolean).join(', ').slice(0, 300);
    return response;
  };
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 3000, [customFetch]: fetchKeys });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const tokenFaults = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
      if (tokenFaults.some((fault) => error instanceof fault)) throw error;
      if (Date.now() >= retryAt) retryAt = Date.now() + retryMs;
      const cause = new Error(`it sent no key set, but ${received}`, { cause: error });
      throw new ServiceUnavailableError('The identity provider', cause, 'did not give its keys');
    }
  };
}

function invalidToken(cause: unknown): CodedError {
  const what = cause instanceof errors.JWTExpired ? 'The token has expired' : 'The token is not valid';
  const headers = { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${what}"` };
  return new CodedError('UNAUTHENTICATED', `${what}. Sign in again for a new one.`, { headers, cause });
}
