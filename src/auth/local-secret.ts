import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { explained, makeDataDirectory } from '../database/embedded/data-directory.ts';
import { StartupError } from '../errors.ts';

/** Reads the secret that signs the tokens of the embedded database, made at the first use. @throws StartupError */
export function readLocalSecret(directory: string): string {
  const file = path.join(directory, 'secret');
  makeDataDirectory(directory);
  const secret = explained(`Cannot use the secret ${file}`, () => {
    if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
    return readFileSync(file, 'utf8');
  });
  if (secret.length < 32) throw new StartupError(`${file} is damaged. Delete it: the next start makes a new secret.`);
  return secret;
}
