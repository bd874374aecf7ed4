import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT, type JWTPayload } from 'jose';
import { makeDataDirectory, type Config } from '../config.ts';
import { StartupError } from '../errors.ts';
import type { Viewer } from './token-verifier.ts';

/**
 * Signs a bearer token that this server accepts.
 * @param expires how long it is valid, such as `8h`, `30m` or `7 days`
 */
export function issueToken(config: Config, secret: string, viewer: Viewer, expires: string) {
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_ROLES_CLAIM } = config;
  const path = AUTH_ROLES_CLAIM.split('.');
  const innermost = { [path.pop() ?? '']: viewer.roles };
  const claims = path.reduceRight<JWTPayload>((claim, name) => ({ [name]: claim }), innermost);
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject(viewer.id);
  if (AUTH_ISSUER) token.setIssuer(AUTH_ISSUER);
  if (AUTH_AUDIENCE) token.setAudience(AUTH_AUDIENCE);
  return token.setIssuedAt().setExpirationTime(expires).sign(new TextEncoder().encode(secret));
}

/** The secret that goes with the embedded database: made at first use, for its owner's eyes only. */
export function localSecret(directory: string): string {
  const file = join(directory, 'secret');
  makeDataDirectory(directory);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  const secret = readFileSync(file, 'utf8');
  if (secret.length < 32) throw new StartupError(`${file} is damaged: delete it, and a new secret will be made.`);
  return secret;
}
