import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartupError } from '../errors.ts';

/**
 * Makes the directory of the embedded database and its secret, readable by its owner only.
 * @throws StartupError
 */
function makeDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartupError(`Cannot make DATA_DIR ${directory}: ${String(cause)}`, { cause });
  }
}

/**
 * Locks the directory for this process. The lock is SQLite's on a file: the kernel drops it however the process ends.
 * @returns a function that releases the lock
 * @throws StartupError when another process holds it
 */
export function lockDataDirectory(directory: string): () => void {
  makeDataDirectory(directory);
  const file = new DatabaseSync(path.join(directory, 'lock'));
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    const advice =
      'Stop it, or set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL that servers can share.';
    throw new StartupError(`Another server uses the folder ${directory}. ${advice}`, { cause });
  }
  return () => file.close();
}

/**
 * Reads the secret that signs the tokens of the embedded database; made at first use.
 * @throws StartupError
 */
export function readLocalSecret(directory: string): string {
  const file = path.join(directory, 'secret');
  makeDataDirectory(directory);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  const secret = readFileSync(file, 'utf8');
  if (secret.length < 32) throw new StartupError(`${file} is damaged. Delete it: the next start makes a new secret.`);
  return secret;
}
