import type { TestProject } from 'vitest/node';
import { generateRestClients } from './generate-rest-clients';
import { startServer } from './start-server';

/** Starts the server for the tests, and generates clients from what it says of itself. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { url, token, stop } = await startServer();
  project.provide('token', token);
  project.provide('url', url);
  await generateRestClients(new URL(url).origin);
  return stop;
}
