import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DatabaseFailure } from '../../src/database/failures.ts';
import { parseDatabaseUrl } from '../../src/database/postgres/database-url.ts';
import { createRoutes, type Routes } from '../../src/database/postgres/routes.ts';

const open = (hosts: string, mode = 'disable') =>
  createRoutes(parseDatabaseUrl(`postgres://app@${hosts}/app?sslmode=${mode}`));

const closed = new DatabaseFailure('08006', 'the database closed the connection');
const refused = new DatabaseFailure('28000', 'no pg_hba.conf entry');

async function nameNext(routes: Routes): Promise<string> {
  const { address, encryption } = await routes.next();
  return `${'host' in address ? address.host : address.path} ${encryption}`;
}

/** Lets the next route fail. Returns whether another may work. */
const failNext = async (routes: Routes, error: Error) => routes.noteFailure(await routes.next(), error);

test('the first host is used until it fails, and then the next', async () => {
  const routes = open('a,b,c');
  expect([await nameNext(routes), await nameNext(routes)]).toEqual(['a off', 'a off']);
  expect(await failNext(routes, closed)).toBe(true);
  expect(await nameNext(routes)).toBe('b off');
});

test('after all have failed, the one whose failure is longest ago is used', async () => {
  const routes = open('a,b,c');
  for (let count = 0; count < 3; count += 1) await failNext(routes, closed);
  expect(await nameNext(routes)).toBe('a off');
});

test('of a host that refuses an encryption, the next one is used', async () => {
  const routes = open('a,b', 'prefer');
  expect(await failNext(routes, refused)).toBe(true);
  expect(await nameNext(routes)).toBe('a off');
});

test('a host that is down is left with all of its encryptions, whose order stays', async () => {
  const routes = open('a,b', 'prefer');
  await failNext(routes, closed);
  expect(await nameNext(routes)).toBe('b ifOffered');
  await failNext(routes, closed);
  expect(await nameNext(routes)).toBe('a ifOffered');
});

test('several failures of one host count as one', async () => {
  const routes = open('a,b,c');
  const [first, second] = [await routes.next(), await routes.next()];
  for (const route of [first, second]) routes.noteFailure(route, closed);
  expect(await nameNext(routes)).toBe('b off');
});

test('an error that every host would report has no other route tried', async () => {
  expect(await failNext(open('a,b'), new DatabaseFailure('28P01', 'wrong password'))).toBe(false);
});

test('attempts are 60 milliseconds apart after a failure, until one succeeds', async () => {
  const routes = open('a');
  await failNext(routes, closed);
  const start = performance.now();
  await Promise.all([routes.next(), routes.next(), routes.next()]);
  // Timers may be early by a millisecond.
  expect(performance.now() - start).toBeGreaterThan(177);
  routes.noteSuccess();
  let begun = 0;
  for (let count = 0; count < 10; count += 1) void routes.next().then(() => (begun += 1));
  await turn();
  expect(begun).toBe(10);
});
