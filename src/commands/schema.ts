import './require-node.cjs';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  assertValidSchema,
  buildASTSchema,
  findBreakingChanges,
  lexicographicSortSchema,
  parse,
  printSchema,
  visit,
  type GraphQLSchema,
} from 'graphql';
import { StartupError } from '../errors.ts';
import { createSchema } from '../graphql/schema/schema.ts';
import { runProgram } from '../process.ts';

const root = path.join(import.meta.dirname, '../..');

await runProgram(async () => {
  const { check } = parseArgs({ options: { check: { type: 'boolean' } } }).values;
  const file = path.join(root, 'schema.graphql');
  const schema = createSchema();
  assertValidSchema(schema);
  const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
  if (!check) return writeFileSync(file, text);
  if (readFileSync(file, 'utf8') !== text) throw new StartupError('schema.graphql is out of date. Run: npm run schema');
  checkCompatibility(schema);
});

/** Compares with the newest tag `v*`, if there is one. What it had deprecated may change. */
function checkCompatibility(schema: GraphQLSchema): void {
  // Without the suffix, v1.0.0-rc.1 would be newer than v1.0.0.
  const [tag] = git('-c', 'versionsort.suffix=-', 'tag', '--list', 'v*', '--sort=-version:refname').split('\n');
  const released = tag && git('show', `${tag}:./schema.graphql`);
  if (!released) return;
  const inUse = visit(parse(released), {
    enter: (node) =>
      'directives' in node && node.directives?.some(({ name }) => name.value === 'deprecated') ? null : undefined,
  });
  const changes = findBreakingChanges(buildASTSchema(inUse), schema);
  if (changes.length === 0) return;
  throw new StartupError(
    `The schema breaks clients of ${tag}:
${changes.map(({ description }) => `- ${description}`).join('\n')}
Keep what ${tag} has, give it a deprecationReason, and remove it once a release has had it deprecated.
To break clients on purpose, tag this commit with a new major version.`,
  );
}

/** The output of git; empty where it fails, as without a repository or the file. */
function git(...parameters: string[]): string {
  return spawnSync('git', parameters, { cwd: root, encoding: 'utf8' }).stdout ?? '';
}
