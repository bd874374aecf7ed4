import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartupError } from '../../errors.ts';
import { reasonOf } from '../failures.ts';

const ownFiles = new Set(['lock', 'lock-journal', 'secret', 'postgres', 'initializing']);

/**
 * Makes the directory of the embedded database and its secret, readable by its owner only: the files of the embedded
 * database itself are writable by everybody.
 * @throws StartupError
 */
export function makeDataDirectory(directory: string): void {
  explained(`Cannot make DATA_DIR ${directory}, so set it to a folder that you can write to`, () =>
    makeFolder(path.resolve(directory)),
  );
  explained(`Cannot write to DATA_DIR ${directory}, so set it to another folder`, () => {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  const { uid, mode } = statSync(directory);
  // Root may write everywhere, and the owner could change what it wrote.
  if (process.getuid && uid !== process.getuid()) {
    throw new StartupError(
      `DATA_DIR ${directory} belongs to another user, of the id ${uid}. Set it to a folder that you own.`,
    );
  }
  if ((mode & 0o077) === 0) return;
  // Closing a folder that others use too, such as /tmp, would do harm.
  if (readdirSync(directory).some((name) => !ownFiles.has(name))) {
    const advice = 'Give the database a folder of its own, or close this one with chmod 700.';
    throw new StartupError(`DATA_DIR ${directory} is open to other users, and holds other files. ${advice}`);
  }
  explained(`DATA_DIR ${directory} is open to other users. Set it to a folder that you own`, () => {
    chmodSync(directory, 0o700);
  });
}

/** Makes a folder and those above it. With `recursive`, mkdir says ENOENT of a read-only disk. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * Locks the directory for this process. The lock is SQLite's on a file: the kernel drops it however the process ends.
 * @returns a function that releases the lock
 * @throws StartupError when another process holds it
 */
export function lockDataDirectory(directory: string): () => void {
  makeDataDirectory(directory);
  const name = path.join(directory, 'lock');
  try {
    const file = new DatabaseSync(name);
    file.exec('BEGIN EXCLUSIVE');
    return () => file.close();
  } catch (cause) {
    const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === 5;
    const advice = isBusy
      ? 'Stop it, or set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL that servers can share.'
      : `If no server uses the folder, delete the file.`;
    const problem = isBusy ? `Another server uses the folder ${directory}` : `Cannot lock ${name}: ${reasonOf(cause)}`;
    throw new StartupError(`${problem}. ${advice}`, { cause });
  }
}

/**
 * Prepares the folder of PostgreSQL's own files, of which a new one is being filled until `onFilled` is called. What a
 * process left behind that ended meanwhile is removed: nothing was ever saved in it.
 * @throws StartupError when the folder holds anything but a database
 */
export function preparePostgresFolder(directory: string): { folder: string; onFilled: () => void } {
  const folder = path.join(directory, 'postgres');
  const mark = path.join(directory, 'initializing');
  const onFilled = () => rmSync(mark, { force: true });
  return explained(`Cannot use the folder ${folder}`, () => {
    if (existsSync(mark)) rmSync(folder, { recursive: true, force: true });
    if (!existsSync(folder) || readdirSync(folder).length === 0) writeFileSync(mark, '');
    else if (!existsSync(path.join(folder, 'PG_VERSION'))) {
      const advice = 'Bring its files back from a backup, or move the folder away to start anew.';
      throw new StartupError(`${folder} holds files, but no whole database: PG_VERSION is missing. ${advice}`);
    } else accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return { folder, onFilled };
  });
}

/** Does work on files. Throws a StartupError that tells the operator what the system refused. */
export function explained<Result>(problem: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw new StartupError(`${problem}: ${reasonOf(cause)}`, { cause });
  }
}
