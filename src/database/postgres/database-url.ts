import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { parse, type ConnectionOptions } from 'pg-connection-string';

/** A TCP address, or the path of a Unix socket. */
export type Address = { host: string; port: number } | { path: string };

/** How libpq's sslmode has connections tried: without TLS, with it, or with it where the server can. */
export type Encryption = 'off' | 'on' | 'ifOffered';

export interface DatabaseUrl {
  addresses: Address[];
  /** Hosts, ports and database: no user, no password, no options. */
  description: string;
  /** What the driver needs to know; undefined where it has a default of its own. */
  credentials: { user?: string; password?: string; database?: string };
  /** Which encryption to try first, and second where the server refuses the first. */
  encryption: Encryption[];
  /** Whether TLS begins at once, without PostgreSQL's question first. */
  isDirectTls: boolean;
  tls: TlsOptions;
  /** Settings of the session. */
  parameters: Record<string, string>;
}

const form = 'must be like postgres://user:password@host:5432/name';

/** @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
const encryptions = new Map<string, Encryption[]>([
  ['disable', ['off']],
  ['allow', ['off', 'on']],
  ['prefer', ['ifOffered', 'off']],
  ['require', ['on']],
  ['verify-ca', ['on']],
  ['verify-full', ['on']],
]);

/** What is no setting of the session: the address, the credentials, and options of libpq's own. */
const ownNames =
  /^(host|port|user|password|database|ssl.*|uselibpqcompat|channel_binding|gssencmode|connect_timeout|target_session_attrs)$/;

/**
 * Reads a PostgreSQL URL as libpq does, also of several hosts.
 * @throws Error that says what is wrong, without the password
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const [, prefix = '', hosts = '', rest = ''] = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/.exec(url) ?? [];
  if (!prefix) throw new Error(form);
  // libpq's name for the roots of the system, which are Node.js's default.
  const isSystemRoot = /[?&]sslrootcert=system(&|$)/.test(rest);
  const options = rest.replace(/(?<=[?&])sslrootcert=system(&|$)/, '');
  // WHATWG URLs have one host, which is not empty.
  const parts = hosts.split(',').map((host) => read(prefix + host.replace(/^(?=:|$)/, 'localhost') + options));
  const [first] = parts;
  if (!first) throw new Error('must name a host');
  const addresses = parts.flatMap(readAddresses);
  const { ssl, database, user, password, sslmode = isJdbcTls(first) ? 'require' : 'disable' } = first;
  const mode = isSystemRoot ? 'verify-full' : String(sslmode);
  const encryption = encryptions.get(mode);
  if (!encryption) throw new Error(`must have an sslmode of ${[...encryptions.keys()].join(', ')}`);
  const { ca, cert, key } = typeof ssl === 'object' ? ssl : {};
  const isVerified = mode.startsWith('verify') || (mode === 'require' && ca !== undefined);
  return {
    addresses,
    description: `${addresses.map((address) => ('path' in address ? address.path : nameOf(address))).join()}/${database ?? ''}`,
    credentials: { ...(user && { user }), ...(password && { password }), ...(database && { database }) },
    encryption,
    isDirectTls: first.sslnegotiation === 'direct',
    tls: {
      rejectUnauthorized: isVerified,
      ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    },
    parameters: Object.fromEntries(
      Object.entries(first).flatMap(([name, value]) => (ownNames.test(name) ? [] : [[name, String(value)]])),
    ),
  };
}

/** @throws Error without the URL, which Node.js's errors hold */
function read(url: string): ConnectionOptions {
  try {
    return parse(url, { useLibpqCompat: true });
  } catch (cause) {
    throw new Error(faultOf(cause, url), { cause });
  }
}

function faultOf(error: unknown, url: string): string {
  if (error instanceof Error && 'path' in error) return `names a file that cannot be read: ${error.message}`;
  if (/[?&]sslmode=verify-ca/.test(url)) return 'needs sslrootcert, the file of the CA, for sslmode=verify-ca';
  return form;
}

/** As in JDBC's URLs. */
function isJdbcTls({ ssl, sslnegotiation }: ConnectionOptions): boolean {
  return ssl === true || sslnegotiation === 'direct';
}

function readAddresses({ host, port }: ConnectionOptions): Address[] {
  const ports = (port || '5432').split(',');
  return (host || 'localhost').split(',').map((name, index) => {
    const number = Number(ports[index] ?? ports[0]);
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error('must have ports from 1 to 65535');
    return name.startsWith('/') ? { path: `${name}/.s.PGSQL.${number}` } : { host: name, port: number };
  });
}

function nameOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
