import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createClient } from '@hey-api/openapi-ts';
import openapiTypeScript, { astToString } from 'openapi-typescript';
import { generate } from 'orval';

const folder = path.join(import.meta.dirname, 'openapi/generated');

/** Generates the clients of the REST API from what the server at `origin` says of itself. */
export async function generateRestClients(origin: string): Promise<void> {
  const input = `${origin}/openapi.json`;
  await mkdir(folder, { recursive: true });
  await createClient({ input, output: path.join(folder, 'hey-api'), logs: { level: 'silent', file: false } });
  await generate({ input, output: { target: path.join(folder, 'orval.ts'), client: 'fetch', baseUrl: origin } });
  await writeFile(path.join(folder, 'openapi-typescript.ts'), astToString(await openapiTypeScript(new URL(input))));
}
