import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What `@graphql-codegen`'s client preset and Relay's compiler write: documents by their ids. */
const byId = z.record(z.string(), z.string());
/** What Apollo's `@apollo/generate-persisted-query-manifest` writes. */
const ofApollo = z
  .object({ format: z.string(), operations: z.array(z.object({ id: z.string(), body: z.string() })) })
  .transform(({ operations }) => Object.fromEntries(operations.map(({ id, body }) => [id, body])));

/**
 * Reads a manifest of trusted documents.
 * @returns the documents by their ids
 * @throws Error that says what is wrong with the file
 */
export function readManifest(path: string): Map<string, string> {
  const result = z.union([ofApollo, byId]).safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (result.success) return new Map(Object.entries(result.data));
  throw new Error('it is no manifest of documents by their ids, as codegen, Apollo and Relay write it');
}
