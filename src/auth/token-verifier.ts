import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.ts';
import { CodedError, serviceUnavailable } from '../errors.ts';

export const administratorRole = 'SystemAdministrator';

/** Who sends a request: the token's `sub` and the roles that it grants. */
export interface Viewer {
  id: string;
  roles: string[];
}

/**
 * Tells who sends a request from its Authorization header: nobody (null) when that holds no bearer token.
 * @throws UNAUTHENTICATED when the token is not valid, SERVICE_UNAVAILABLE when the keys cannot be fetched
 */
export type TokenVerifier = (authorization: string | null | undefined) => Promise<Viewer | null>;

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** How long a token that was checked is taken for good, unless it expires earlier: that its key was withdrawn must count. */
const rememberMs = 60_000;

/**
 * Checks tokens as RFC 8725 advises: named algorithms of one family, `exp` and `sub` required.
 * @param secret of HS256 tokens, where the configuration names no key set
 */
export function createTokenVerifier(config: Config, secret: string | undefined): TokenVerifier {
  const { AUTH_JWKS_URL, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const key: JWTVerifyGetKey = AUTH_JWKS_URL ? remoteKeys(AUTH_JWKS_URL) : async () => new TextEncoder().encode(secret);
  const options = {
    algorithms: AUTH_JWKS_URL ? asymmetric : ['HS256'],
    requiredClaims: ['exp', 'sub'],
    ...(issuer && { issuer }),
    ...(audience && { audience }),
  };

  // Checking a signature costs about as much as writing a session.
  const remembered = new LRUCache<string, Viewer>({ max: 1000, perf: { now: () => Date.now() } });

  return async (authorization) => {
    const [scheme, ...rest] = (authorization ?? '').trim().split(/ +/);
    if (scheme?.toLowerCase() !== 'bearer') return null;
    const token = rest.join(' ');
    const known = remembered.get(token);
    if (known) return known;
    try {
      const { payload } = await jwtVerify(token, key, options);
      const viewer = toViewer(payload, config.AUTH_ROLES_CLAIM);
      remembered.set(token, viewer, {
        ttl: Math.min(Math.max(1, Number(payload.exp) * 1000 - Date.now()), rememberMs),
      });
      return viewer;
    } catch (error) {
      throw error instanceof CodedError ? error : invalidToken(error);
    }
  };
}

function toViewer(payload: JWTPayload, rolesClaim: string): Viewer {
  const { sub } = payload;
  if (typeof sub !== 'string' || !sub || sub.length > 255 || sub.includes('\0') || !sub.isWellFormed()) {
    throw new errors.JWTClaimValidationFailed('"sub" must be a text of 1 to 255 characters', payload, 'sub');
  }
  let roles: unknown = payload;
  // Names such as https://example.com/roles have dots of their own.
  const path = Object.hasOwn(payload, rolesClaim) ? [rolesClaim] : rolesClaim.split('.');
  for (const name of path) roles = new Map(Object.entries(roles ?? {})).get(name);
  return { id: sub, roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [] };
}

/** The keys that the identity provider publishes. That it has none for a token is the token's fault; all else is its own. */
function remoteKeys(url: string): JWTVerifyGetKey {
  let retryAt = 0;
  const fetchKeys: typeof fetch = async (...request) => {
    // jose would ask a provider that fails again for each token.
    if (Date.now() < retryAt) throw new Error('the keys could not be fetched a moment ago');
    return fetch(...request);
  };
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 3000, [customFetch]: fetchKeys });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const faultsOfTokens = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
      if (faultsOfTokens.some((fault) => error instanceof fault)) throw error;
      if (Date.now() >= retryAt) retryAt = Date.now() + 1000;
      throw serviceUnavailable('The identity provider', error);
    }
  };
}

function invalidToken(cause: unknown): CodedError {
  const what = cause instanceof errors.JWTExpired ? 'The token has expired' : 'The token is not valid';
  const headers = { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${what}"` };
  return new CodedError('UNAUTHENTICATED', `${what}. Sign in again for a new one.`, { headers, cause });
}
