import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assertValidSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { StartupError } from '../errors.ts';
import { createSchema } from '../graphql/schema/schema.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const file = path.join(import.meta.dirname, '../../schema.graphql');
  const schema = createSchema();
  assertValidSchema(schema);
  const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text)
    throw new StartupError('schema.graphql is out of date. Run: npm run schema');
});
