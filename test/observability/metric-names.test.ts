import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { cleanUp, makeFolder, startServer } from '../support/server-process.ts';
import { copyDataFolder } from '../support/test-database.ts';

let metrics: string;

beforeAll(async () => {
  const server = await startServer({ DATA_DIR: await copyDataFolder(), METRICS_PORT: '0' });
  const [, url = ''] = / {2}Metrics +(\S+)/.exec(server.startupLines()) ?? [];
  metrics = await (await fetch(url)).text();
});
afterAll(cleanUp);

test('the versions of the server and of Node.js are told', () => {
  const { version } = packageJson;
  expect(metrics).toContain(`ai_sessions_build_info{version="${version}",node="${process.versions.node}"} 1\n`);
});

test('only counters have names that end in _total', () => {
  expect(metrics).not.toMatch(/^# TYPE \S+_total (?!counter)/m);
});

// Debian's package `prometheus` has promtool.
describe.skipIf(spawnSync('promtool', ['--version']).status !== 0)('promtool', () => {
  test('has nothing to say about the metrics', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: metrics,
      encoding: 'utf8',
    });
    expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
  });

  test("accepts the alerts of the operators' README", async () => {
    const [, rules = ''] = /```yaml\n(.*?)```/s.exec(await readFile('src/server/README.md', 'utf8')) ?? [];
    const file = path.join(await makeFolder(), 'rules.yml');
    await writeFile(file, rules);
    const { stdout } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(stdout).toContain('SUCCESS: 3 rules found');
  });
});
