import { inject } from 'vitest';
import { authorization } from './client';

declare module 'vitest' {
  interface ProvidedContext {
    url: string;
    /** An administrator's. */
    token: string;
  }
}

/** Makes an account; answers its ID. */
export async function makeAccount(): Promise<string> {
  const response = await fetch(inject('url'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization(inject('token')) },
    body: JSON.stringify({ query: 'mutation { newAccount(input: { name: "Example" }) { id } }' }),
  });
  const { data } = await response.json();
  return data.newAccount.id;
}
