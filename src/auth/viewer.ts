import { CodedError } from '../errors.ts';

/** Who sends a request: the token's `sub` and the roles that it grants. */
export interface Viewer {
  id: string;
  roles: string[];
}

export const administratorRole = 'SystemAdministrator';

/** The only place that looks at a role: what needs it is declared in the schema. */
export function isAdministrator(viewer: Viewer | null | undefined): boolean {
  return viewer?.roles.includes(administratorRole) ?? false;
}

/** The error for a viewer who is no administrator. */
export function refusal(viewer: Viewer | null): CodedError {
  const headers = { 'WWW-Authenticate': 'Bearer' };
  return viewer
    ? new CodedError('FORBIDDEN', `Your token lacks the role ${administratorRole}. Ask for it, then sign in again.`)
    : new CodedError('UNAUTHENTICATED', 'Sign in: send an Authorization header with a bearer token.', { headers });
}
