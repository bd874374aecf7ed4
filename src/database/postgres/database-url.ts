import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { reasonOf } from '../failures.ts';
import { readSettings } from './url-parameters.ts';

/** A TCP address, or the path of a Unix socket. */
export type Address = { host: string; port: number } | { path: string };

/** How libpq's sslmode has connections tried: without TLS, with it, or with it where the server can. */
export type Encryption = 'off' | 'on' | 'ifOffered';

export type DatabaseUrl = ReturnType<typeof parseDatabaseUrl>;

const form = `must be like postgres://user:password@host:5432/name. Percent-encode the password: \
write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %, %5B for [, %20 for a space`;

/** User, password, hosts, database, options. An @ or a # further behind is one of a password. */
const shape =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#[\]\s]*)(?::([^@/?#[\]\s]*))?@)?([^@/?#\s]*)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/;
const hostsShape = /^(?:(?:\[[^[\]]+\]|[^:[\],]*)(?::\d*)?(?:,|$))+$/;
const optionsShape = /^(?:[a-z_][\w.]*=[^&]*(?:&|$))*$/i;

/** @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
const encryptions = new Map<string, Encryption[]>([
  ['disable', ['off']],
  ['allow', ['off', 'on']],
  ['prefer', ['ifOffered', 'off']],
  ['require', ['on']],
  ['verify-ca', ['on']],
  ['verify-full', ['on']],
  // As node-postgres calls it: `require` that accepts any certificate, even beside sslrootcert.
  ['no-verify', ['on']],
]);

/**
 * Reads a PostgreSQL URL as libpq does, also of several hosts.
 * @throws Error that says what is wrong, without any part of the password
 */
export function parseDatabaseUrl(url: string) {
  const { host, port, user, password, dbname: database, ...options } = splitUrl(url);
  const { ssl, sslnegotiation, sslmode, sslrootcert, sslcert, sslkey, sslpassword, sslcrl, ...others } = options;
  const isDirectTls = sslnegotiation === 'direct';
  // libpq's name for the roots of the system, which are Node.js's default.
  const isSystemRoot = sslrootcert === 'system';
  // As JDBC and node-postgres have it.
  const sslAsMode = ssl?.replace(/^(true|1)$/, 'require').replace(/^(false|0)$/, 'disable');
  const usualMode = isDirectTls || sslrootcert || sslcert ? 'require' : 'disable';
  const mode = isSystemRoot ? 'verify-full' : (sslmode ?? sslAsMode ?? usualMode);
  const encryption = encryptions.get(mode);
  if (!encryption) throw new Error(`must have an sslmode of ${[...encryptions.keys()].join(', ')}`);
  const ca = isSystemRoot ? undefined : readFile(sslrootcert);
  if (mode === 'verify-ca' && !ca) throw new Error('needs sslrootcert, the file of the CA, for sslmode=verify-ca');
  if (!sslcert !== !sslkey) throw new Error('needs both sslcert and sslkey, or neither');
  const addresses = readAddresses(host, port);
  const tls: TlsOptions = {
    rejectUnauthorized: mode.startsWith('verify') || (mode === 'require' && ca !== undefined),
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ca,
    cert: readFile(sslcert),
    key: readFile(sslkey),
    passphrase: sslpassword,
    crl: readFile(sslcrl),
  };
  return {
    addresses,
    /** Hosts, ports and database: no user, no password, no options. */
    description: `${addresses.map(nameOf).join()}/${database ?? ''}`,
    /** What the driver needs to know. It has defaults of its own. */
    credentials: { ...(user && { user }), ...(password && { password }), ...(database && { database }) },
    /** Which encryption to try first, and second where the server refuses the first. */
    encryption,
    /** Whether TLS begins at once, without PostgreSQL's question first. */
    isDirectTls,
    tls,
    /** Settings of the session. */
    parameters: readSettings(others),
  };
}

/** The parts by libpq's names, decoded. Those behind the question mark replace those before it. */
function splitUrl(url: string): Record<string, string> {
  const [matched, user, password, hosts = '', dbname, query = ''] = shape.exec(url) ?? [];
  if (!matched || !hostsShape.test(hosts) || !optionsShape.test(query) || /%00/.test(url)) throw new Error(form);
  const host = hosts.replaceAll(/:\d*(?=,|$)|[[\]]/g, '');
  const port = hosts.replaceAll(/[^,]*?(?::(\d*))?(?=,|$)/g, '$1');
  const options = Array.from(query.matchAll(/([^&=]+)=([^&]*)/g), ([, name = '', value]) => [name, value] as const);
  const parts = [...Object.entries({ user, password, host, port, dbname }), ...options];
  try {
    return Object.fromEntries(parts.map(([name, text = '']) => [name, decodeURIComponent(text)]));
  } catch (cause) {
    throw new Error(form, { cause });
  }
}

/** @throws Error that names the file */
function readFile(path: string | undefined): string | undefined {
  try {
    return path && readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`names a file that cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function readAddresses(host = '', port = ''): Address[] {
  const ports = port.split(',');
  return host.split(',').map((name, index) => {
    const text = ports.length === 1 ? port : ports[index];
    const number = Number(text === '' ? 5432 : text);
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error('must have ports from 1 to 65535');
    return name.startsWith('/') ? { path: `${name}/.s.PGSQL.${number}` } : { host: name || 'localhost', port: number };
  });
}

function nameOf(address: Address): string {
  if ('path' in address) return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
