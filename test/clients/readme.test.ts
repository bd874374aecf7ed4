import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const read = (file: string) => readFileSync(path.join(import.meta.dirname, file), 'utf8');
const readme = read('../../src/graphql/README.md');
const matchesOf = (pattern: RegExp) => [...readme.matchAll(pattern)].map(([, match = '']) => match);

describe("the frontends' README", () => {
  const sources = globSync(['codegen.ts', 'src/*.{ts,tsx}'], { cwd: import.meta.dirname }).map(read);

  test.each(matchesOf(/^```ts\n(.*?)^```$/gms))('its code is compiled and run here: %#', (code) => {
    expect(sources.filter((source) => source.includes(code.trim()))).toHaveLength(1);
  });

  test('the packages that it installs are those that run here', () => {
    const { devDependencies } = JSON.parse(read('package.json'));
    const packages = matchesOf(/^npm install (?:--save-dev )?(.*)$/gm).flatMap((names) => names.split(' '));
    expect(packages.length).toBeGreaterThan(5);
    expect(packages.filter((name) => !(name in devDependencies))).toEqual([]);
  });
});
