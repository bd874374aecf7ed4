import { PGlite } from '@electric-sql/pglite';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';
import { expect, test } from 'vitest';

/** What the catalogs hold, and the settings but those of the clock, for which both mean UTC. */
const description = `select version(),
  (select string_agg(oid || proname || proargtypes::text || prosrc, ';' order by oid) from pg_proc) functions,
  (select string_agg(oid || relname, ';' order by oid) from pg_class where oid < 16384) tables,
  (select string_agg(oid || typname, ';' order by oid) from pg_type where oid < 16384) types,
  (select array_agg(datname || datcollate || datctype || encoding order by oid) from pg_database) databases,
  (select array_agg(rolname::text order by oid) from pg_roles) roles,
  (select string_agg(name || '=' || setting, ';' order by name) from pg_settings where name not ilike '%timezone')
    settings`;

test('the database that is unpacked at the first start is the one that PostgreSQL makes', async () => {
  const [unpacked, made] = await Promise.all([PGlite.create({ loadDataDir: await dataDir() }), PGlite.create()]);
  const { rows } = await made.query(description);
  expect((await unpacked.query(description)).rows).toEqual(rows);
  await Promise.all([unpacked.close(), made.close()]);
});
