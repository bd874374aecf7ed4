import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from './postgres-server.ts';

const makeKey = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];

/**
 * Makes certificates that PostgreSQL may read; answers their folder. `address` and `localhost` (.crt, .key) are of the CA
 * in `ca.crt`, for 127.0.0.1 and for that name. `other.crt` is another CA of the same name.
 */
export async function makeCertificates(): Promise<string> {
  const folder = await makeFolder();
  const openssl = (...parameters: string[]) => promisify(execFile)('openssl', parameters, { cwd: folder });

  async function makeAuthority(name: string): Promise<void> {
    await openssl('req', '-x509', ...makeKey(name), '-out', `${name}.crt`, '-subj', '/CN=The CA of this test');
  }

  async function makeCertificate(name: string, subjectAltName: string): Promise<void> {
    await openssl('req', ...makeKey(name), '-out', `${name}.csr`, '-subj', '/CN=db');
    await writeFile(path.join(folder, `${name}.ext`), `subjectAltName=${subjectAltName}`);
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
    await chmod(path.join(folder, `${name}.key`), 0o600);
  }

  await makeAuthority('ca');
  await makeAuthority('other');
  await makeCertificate('address', 'IP:127.0.0.1');
  await makeCertificate('localhost', 'DNS:localhost');
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', 'postgres', folder]);
  return folder;
}
