import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, type Stats } from 'node:fs';

/** Debian packages, and a file that each brings. */
export const packages = {
  patroni: '/usr/bin/patroni',
  'etcd-server': '/usr/bin/etcd',
  'python3-etcd': '/usr/lib/python3/dist-packages/etcd',
  postgresql: '/usr/lib/postgresql/*/bin/initdb',
};

export interface Program {
  kill: () => Promise<unknown>;
}

/** @throws an error that names the packages that are missing */
export function checkPackages(): void {
  const missing = Object.entries(packages).filter(([, file]) => globSync(file).length === 0);
  if (missing.length === 0) return;
  throw new Error(`Install the Debian packages that are missing: ${missing.map(([name]) => name).join(', ')}`);
}

/** Starts a program as the owner of a folder: PostgreSQL and so Patroni refuse to run as root. */
export function startProgram(program: string, parameters: string[], { uid, gid }: Stats): Program {
  const child = spawn(program, parameters, { uid, gid, cwd: '/', stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** The status of an answer, or 0 without one. */
export async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch {
    return 0;
  }
}
