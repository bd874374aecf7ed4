import { SignJWT, type JWTPayload } from 'jose';
import type { Config } from '../config.ts';
import type { Viewer } from './viewer.ts';

/**
 * Signs a bearer token that this server accepts.
 * @param expires how long the token is valid, such as `8h`, `30m` or `7 days`
 */
export function issueToken(config: Config, secret: string, viewer: Viewer, expires: string) {
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_ROLES_CLAIM } = config;
  const path = AUTH_ROLES_CLAIM.split('.');
  const rolesClaim = { [path.pop() ?? '']: viewer.roles };
  const claims = path.reduceRight<JWTPayload>((claim, name) => ({ [name]: claim }), rolesClaim);
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject(viewer.id);
  if (AUTH_ISSUER) token.setIssuer(AUTH_ISSUER);
  if (AUTH_AUDIENCE) token.setAudience(AUTH_AUDIENCE);
  return token.setIssuedAt().setExpirationTime(expires).sign(new TextEncoder().encode(secret));
}
