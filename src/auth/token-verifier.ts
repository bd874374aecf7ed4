import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
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

/**
 * Checks tokens as RFC 8725 advises: named algorithms of one family, `exp` and `sub` required.
 * @param secret of HS256 tokens, where the configuration names no key set
 */
export function createTokenVerifier(config: Config, secret: string | undefined): TokenVerifier {
  const { AUTH_JWKS_URL, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const key: JWTVerifyGetKey = AUTH_JWKS_URL
    ? createRemoteJWKSet(new URL(AUTH_JWKS_URL), { timeoutDuration: 3000 })
    : async () => new TextEncoder().encode(secret);
  const options = {
    algorithms: AUTH_JWKS_URL ? asymmetric : ['HS256'],
    requiredClaims: ['exp', 'sub'],
    ...(issuer && { issuer }),
    ...(audience && { audience }),
  };
  const rolesPath = config.AUTH_ROLES_CLAIM.split('.');

  return async (authorization) => {
    const [scheme, ...rest] = (authorization ?? '').trim().split(/ +/);
    if (scheme?.toLowerCase() !== 'bearer') return null;
    try {
      const { payload } = await jwtVerify(rest.join(' '), key, options);
      return toViewer(payload, rolesPath);
    } catch (error) {
      if (isFetchFailure(error)) throw serviceUnavailable('The identity provider', error);
      throw invalidToken(error);
    }
  };
}

function toViewer(payload: JWTPayload, rolesPath: string[]): Viewer {
  const { sub } = payload;
  if (!sub || sub.length > 255 || sub.includes('\0') || !sub.isWellFormed()) {
    throw new errors.JWTClaimValidationFailed('"sub" must be a text of 1 to 255 characters', payload, 'sub');
  }
  let roles: unknown = payload;
  for (const name of rolesPath) roles = new Map(Object.entries(roles ?? {})).get(name);
  return { id: sub, roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [] };
}

/** jose lets the bare TypeError of fetch through when an endpoint is down, and a bare JOSEError when it answers amiss. */
function isFetchFailure(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof errors.JWKSTimeout) return true;
  return error instanceof errors.JOSEError && error.constructor === errors.JOSEError;
}

function invalidToken(cause: unknown): CodedError {
  const what = cause instanceof errors.JWTExpired ? 'The token has expired' : 'The token is not valid';
  const headers = { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${what}"` };
  return new CodedError('UNAUTHENTICATED', `${what}. Sign in again for a new one.`, { headers, cause });
}
