import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { cleanUp, makeFolder } from '../support/server-process.ts';

let folder: string;
const file = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(file('good.json'), '{"a":"{ viewer { id } }"}');
  await writeFile(file('cut-off.json'), '{"a":');
  await writeFile(file('list.json'), '["{ viewer { id } }"]');
  await writeFile(file('numbers.json'), '{"a":1}');
  await mkdir(file('folder'));
});
afterAll(cleanUp);

test('a manifest is read at start', () => {
  const { TRUSTED_DOCUMENTS, GRAPHIQL } = loadConfig({ TRUSTED_DOCUMENTS: file('good.json') });
  expect({ TRUSTED_DOCUMENTS, GRAPHIQL }).toEqual({
    TRUSTED_DOCUMENTS: new Map([['a', '{ viewer { id } }']]),
    GRAPHIQL: true,
  });
});

test('where only trusted documents are served, GraphiQL is off', () => {
  const config = loadConfig({ TRUSTED_DOCUMENTS: file('good.json'), TRUSTED_DOCUMENTS_ONLY: 'on' });
  expect(config.GRAPHIQL).toBe(false);
});

test.each([
  ['a file that is not there', { TRUSTED_DOCUMENTS: 'none.json' }, /TRUSTED_DOCUMENTS cannot be read: ENOENT/],
  ['a folder', { TRUSTED_DOCUMENTS: 'folder' }, /TRUSTED_DOCUMENTS cannot be read: EISDIR/],
  ['half a file', { TRUSTED_DOCUMENTS: 'cut-off.json' }, /TRUSTED_DOCUMENTS cannot be read: .*JSON/],
  ['a list', { TRUSTED_DOCUMENTS: 'list.json' }, /TRUSTED_DOCUMENTS cannot be read: it is no manifest/],
  ['documents that are no strings', { TRUSTED_DOCUMENTS: 'numbers.json' }, /it is no manifest/],
  ['only, without a manifest', { TRUSTED_DOCUMENTS_ONLY: 'on' }, /TRUSTED_DOCUMENTS_ONLY=on needs TRUSTED_DOCUMENTS/],
  [
    'GraphiQL beside them',
    { TRUSTED_DOCUMENTS: 'good.json', TRUSTED_DOCUMENTS_ONLY: 'on', GRAPHIQL: 'on' },
    /GRAPHIQL=on and TRUSTED_DOCUMENTS_ONLY=on exclude each other/,
  ],
  ['the path in a file', { TRUSTED_DOCUMENTS_FILE: 'good.json' }, /TRUSTED_DOCUMENTS is a path already/],
])('%s is refused', (_what, { TRUSTED_DOCUMENTS, ...others }: Record<string, string>, message) => {
  const environment = { ...others, ...(TRUSTED_DOCUMENTS && { TRUSTED_DOCUMENTS: file(TRUSTED_DOCUMENTS) }) };
  expect(() => loadConfig(environment)).toThrow(message);
});
