import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');

/** The rooms of `src`, the highest first: a file imports those of its own floor and of lower ones. */
const floors = [
  ['main.ts', 'commands'],
  ['server'],
  ['rest'],
  ['graphql'],
  ['domain', 'auth', 'context.ts'],
  ['database'],
  ['config.ts', 'process.ts'],
  ['observability', 'memoize.ts', 'errors.ts'],
];

/** Arrows that run up all the same. */
const exceptions = [
  // Reading DATABASE_URL and the manifest is a part of checking the configuration.
  'src/config.ts → src/database/postgres/database-url.ts',
  'src/config.ts → src/graphql/documents/manifest.ts',
  // The types of what it measures.
  'src/observability/observed-database.ts → src/database/database.ts',
];

/** The floor of a file or a folder, from the bottom. */
function floorOf(file: string): number {
  const [, room = ''] = file.split('/');
  const index = floors.findIndex((rooms) => rooms.includes(room));
  if (index === -1) throw new Error(`${file} is in no room: add it to the floors`);
  return floors.length - index;
}

const imports = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => {
  const specifiers = readFileSync(path.join(root, file), 'utf8').matchAll(
    /\bfrom '(\.[^']*)'|\bimport\('(\.[^']*)'\)/g,
  );
  return Array.from(specifiers, ([, from, dynamic]) => path.join(path.dirname(file), from ?? dynamic ?? ''))
    .filter((imported) => imported.startsWith('src/'))
    .map((imported) => ({ file, imported }));
});

test('imports of src run one way: main, commands → server → rest → graphql → domain → database', () => {
  expect(imports.length).toBeGreaterThan(100);
  const upward = imports.filter(({ file, imported }) => floorOf(imported) > floorOf(file));
  expect(upward.map(({ file, imported }) => `${file} → ${imported}`).toSorted()).toEqual(exceptions);
});
