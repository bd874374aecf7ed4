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
