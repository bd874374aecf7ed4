import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { StartupError } from '../errors.ts';
import { createSchema } from '../graphql/schema/schema.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const file = path.join(import.meta.dirname, '../../schema.graphql');
  const schema = `${printSchema(lexicographicSortSchema(createSchema()))}\n`;
  if (!process.argv.includes('--check')) writeFileSync(file, schema);
  else if (readFileSync(file, 'utf8') !== schema)
    throw new StartupError('schema.graphql is out of date. Run: npm run schema');
});
