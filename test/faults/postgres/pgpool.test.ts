import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  canRunPostgres,
  makeFolder,
  runAsPostgres,
  startPostgres,
  type PostgresServer,
} from '../../support/postgres-server.ts';
import { makeToken, startService } from '../../support/postgres-service.ts';
import { cleanUp, findFreePort, killProcesses, runScript } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';

const binary = '/usr/sbin/pgpool';

describe.skipIf(!canRunPostgres || !existsSync(binary))('behind Pgpool-II, the server', () => {
  let database: PostgresServer;
  let folder: string;
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    database = await startPostgres();
    folder = await makeFolder();
  });
  afterEach(async () => {
    await killProcesses();
    await stop();
  });
  afterAll(async () => {
    await cleanUp();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts Pgpool-II; answers the URL of the database behind it. */
  async function startPgpool(mode: string): Promise<string> {
    const port = await findFreePort();
    const settings = {
      backend_clustering_mode: mode,
      backend_hostname0: '127.0.0.1',
      backend_port0: database.port,
      // Otherwise it asks for the positions of standbys, as a user of its own.
      sr_check_period: 0,
      listen_addresses: '127.0.0.1',
      port,
      pcp_port: await findFreePort(),
      unix_socket_directories: folder,
      pcp_socket_dir: folder,
      num_init_children: 15,
      pid_file_name: path.join(folder, 'pid'),
      logdir: folder,
    };
    const file = path.join(folder, 'pgpool.conf');
    await writeFile(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name} = '${value}'\n`)
        .join(''),
    );
    const run = (...parameters: string[]) => runAsPostgres(binary, ['-f', file, '-F', '/dev/null', ...parameters]);
    await run();
    stop = () => run('-m', 'immediate', 'stop');
    return database.url.replace(`:${database.port}/`, `:${port}/`);
  }

  test('in the mode raw, in which transactions stay open, says what to do and exits', async () => {
    const environment = { DATABASE_URL: await startPgpool('raw'), AUTH_SECRET: secret };
    const { code, stdout, stderr } = await runScript('src/main.ts', [], environment);
    expect({ code, stdout: stdout.replaceAll(/^\{.*waiting for the database.*\n/gm, '') }).toEqual({
      code: 1,
      stdout: '',
    });
    expect(stderr).toMatch(/leaves transactions open. Connect to PostgreSQL itself/);
  });

  test('in the mode streaming_replication starts', async () => {
    const service = await startService(await startPgpool('streaming_replication'), makeToken());
    expect(await service.createSession()).toMatchObject({ status: 200, errors: undefined });
    service.kill('SIGKILL');
    await service.ended;
    expect(await database.query('select count(*)::int from ai_sessions')).toEqual([{ count: 1 }]);
  });
});
