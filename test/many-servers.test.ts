import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { canRunPostgres, makeFolder, startPostgres, type PostgresServer } from './postgres-server.ts';
import { makeToken, migrate, startService, type PostgresService } from './postgres-service.ts';
