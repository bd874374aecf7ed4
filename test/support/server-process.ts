import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sendGraphQL, type GraphQLServer } from './graphql.ts';
import { secret, sign } from './sign-token.ts';

const root = path.join(import.meta.dirname, '../..');
/** Has Node.js import packages faster. */
export const quickImports = `--import=${path.join(import.meta.dirname, '../../src/server/quick-imports.ts')}`;

interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Without options, `graphql` sends the token of an administrator. */
export interface ServerProcess extends GraphQLServer {
  pid: number | undefined;
  /** Without a slash at its end. */
  url: string;
  graphiqlLink: string | undefined;
  /** The token in the GraphiQL link; empty without one. */
  token: string;
  /** All of stdout so far. */
  output: () => string;
  /** All of stderr so far, which has the start-up lines. */
  startupLines: () => string;
  /** All lines of stdout so far, each read as JSON. */
  logLines: () => Record<string, unknown>[];
  kill: (signal: NodeJS.Signals) => void;
  /** Its stderr is without the start-up lines. */
  ended: Promise<ProcessEnd>;
}

const children = new Set<{ kill: () => Promise<unknown> }>();
const folders = new Set<string>();

/** Kills the processes that still run. */
export async function killProcesses(): Promise<void> {
  await Promise.all([...children].map(({ kill }) => kill()));
  children.clear();
}

/** Kills the processes that still run and removes the folders that were made. */
export async function cleanUp(): Promise<void> {
  await killProcesses();
  await Promise.all([...folders].map((folder) => rm(folder, { recursive: true, force: true })));
  folders.clear();
}

/** A new folder, gone after `cleanUp`. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ai-sessions-'));
  folders.add(folder);
  return folder;
}

/**
 * A port on which nothing listens. Systems give those from 32768 on to connections that go out, and so might give one
 * away while its server restarts.
 */
export async function findFreePort(): Promise<number> {
  const port = randomInt(10_000, 32_768);
  const server = createServer().listen(port, '127.0.0.1');
  const isFree = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (!isFree) return findFreePort();
  await once(server.close(), 'close');
  return port;
}

/** Runs a script of this package to its end. Its environment has only the given variables. */
export function runScript(
  script: string,
  parameters: string[] = [],
  environment: Record<string, string> = {},
): Promise<ProcessEnd> {
  return startScript(script, parameters, environment).ended;
}

/**
 * Starts the server on a free port and waits until it is up. Its environment has only the given variables.
 * @param watch is called with all of stdout so far, whenever there is more
 */
export async function startServer(
  environment: Record<string, string>,
  watch: (output: string) => void = () => {},
): Promise<ServerProcess> {
  // A busy machine is slow, and what misses its deadline is refused.
  const patient = { DATABASE_TIMEOUT_MS: '60000', ...environment };
  const { pid, kill, output, errors: startupLines, onOutput, onError, ended } = startScript('src/main.ts', [], patient);
  onOutput(() => watch(output()));
  const { promise: started, resolve, reject } = Promise.withResolvers<void>();
  onError(() => /^ {2}Database .*\n/m.test(startupLines()) && resolve());
  void ended.then(({ code, stderr }) => reject(new Error(`the server ended with ${code}: ${stderr}`)));
  await started;

  const url = /^ {2}GraphQL +(\S+)\/graphql$/m.exec(startupLines())?.[1] ?? '';
  const graphiqlLink = /^ {2}GraphiQL +(\S+)$/m.exec(startupLines())?.[1];
  const token = (graphiqlLink && new URL(graphiqlLink).searchParams.get('token')) ?? '';
  const administrator = environment['AUTH_SECRET'] === secret ? sign() : token;
  return {
    pid,
    url,
    graphiqlLink,
    token,
    output,
    startupLines,
    logLines: () =>
      output()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    graphql: (query, variables, options = {}) =>
      sendGraphQL(
        url,
        { query, variables },
        {
          token: administrator,
          ...options,
          // The server might close a kept connection at the moment of the next request.
          headers: { Connection: 'close', ...options.headers },
        },
      ),
    kill,
    ended: ended.then((end) => ({
      ...end,
      stderr: end.stderr.replace(/^AI Sessions is ready\n(?: {2}\w+ .*\n)*/, ''),
    })),
  };
}

/** Starts a script of this package. Its environment has only the given variables, and what any process needs. */
export function spawnScript(
  script: string,
  parameters: string[],
  environment: Record<string, string>,
  stdio: StdioOptions,
): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PORT: '0', ...environment };
  return spawn(process.execPath, [quickImports, script, ...parameters], { cwd: root, env, stdio });
}

function startScript(script: string, parameters: string[], environment: Record<string, string>) {
  const child = spawnScript(script, parameters, environment, ['ignore', 'pipe', 'pipe']);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const { promise: ended, resolve } = Promise.withResolvers<ProcessEnd>();
  child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  const killAndWait = () => {
    child.kill('SIGKILL');
    return ended;
  };
  children.add({ kill: killAndWait });
  return {
    pid: child.pid,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    output: () => stdout,
    errors: () => stderr,
    onOutput: (listener: () => void) => void child.stdout?.on('data', listener),
    onError: (listener: () => void) => void child.stderr?.on('data', listener),
    ended,
  };
}
