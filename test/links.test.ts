import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** The name by which a link finds a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (file: string) =>
  Array.from(read(file).matchAll(/^#+ (.+)$/gm), ([, heading = '']) => anchorOf(heading));

/** Whether a link of this document leads to a file or a folder, and to a heading of it where it names one. */
function leads(document: string, link: string): boolean {
  const [name = '', anchor] = link.split('#');
  const target = name === '' ? document : path.join(path.dirname(document), name);
  return existsSync(path.join(root, target)) && (anchor === undefined || anchorsIn(target).includes(anchor));
}

test.each(['README.md', 'test/README.md', ...globSync('src/*/README.md', { cwd: root })])(
  'every link of %s leads somewhere',
  (document) => {
    const links = Array.from(read(document).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
    const within = links.filter((link) => !/^https?:/.test(link));
    expect(within.length).toBeGreaterThan(0);
    expect(within.filter((link) => !leads(document, link))).toEqual([]);
  },
);

test('the promises of test/README.md are numbered, and each names what enforces it', () => {
  const promises = Array.from(
    read('test/README.md').matchAll(/^\| (\d+) +\|[^|]+\|([^|]+)\|$/gm),
    ([, number, enforcement = '']) => ({ number: Number(number), enforcement: enforcement.trim() }),
  );
  expect(promises.map(({ number }) => number)).toEqual(promises.map((_, index) => index + 1));
  expect(promises.length).toBeGreaterThan(50);
  expect(promises.filter(({ enforcement }) => enforcement === '')).toEqual([]);
});
