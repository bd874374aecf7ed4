const anyValue = /^/;
const noValue = /(?!)/;

/** What PostgreSQL would refuse: names, values that ask for what happens anyway, and what to do about others. */
const rules: [names: RegExp, harmless: RegExp, advice: string][] = [
  // Deadlines notice lost connections, of several hosts only one accepts writes, and the server has a name of its own.
  [/^(connect_timeout|tcp_user_timeout|keepalives(_.*)?|load_balance_hosts)$/, anyValue, ''],
  [/^(fallback_application_name|sslcompression|max_protocol_version|uselibpqcompat)$/, anyValue, ''],
  [/^(channel_binding|require_auth|requirepeer)$/, /^(disable|prefer)$/, 'use sslmode=verify-full instead'],
  [/^(gss.*|krb.*|scram_.*_key|oauth_.*)$/, /^(disable|prefer|0)$/, 'use a password or a client certificate'],
  [/^(hostaddr|database|db|username)$/, noValue, 'write it as in postgres://user:password@host:5432/name'],
  [/^(service(file)?|passfile)$/, noValue, 'write what it stands for into the URL'],
  [/^(client_)?encoding$/, /^(auto|utf-?8|unicode)$/i, 'the server speaks UTF-8'],
  [/^datestyle$/, noValue, 'the server needs its own'],
  [/^target_session_attrs$/, /^(any|read-write|primary)$/, 'the server uses the host that accepts writes'],
  [/^replication$/, /^(false|off|no|0)$/, 'the server does not replicate'],
  [/^min_protocol_version$/, /^3\.0$/, 'the server speaks 3.0'],
  [/^ssl_min_protocol_version$/, /^TLSv1(\.[12])?$/i, 'set NODE_OPTIONS=--tls-min-v1.3'],
  [/^ssl_max_protocol_version$/, /^TLSv1\.3$/i, 'set NODE_OPTIONS=--tls-max-v1.2'],
  [/^sslcrldir$/, noValue, 'name a file with sslcrl'],
  [/^sslkeylogfile$/, noValue, 'set NODE_OPTIONS=--tls-keylog=FILE'],
  [/^(sslsni|sslcertmode)$/, /^(1|allow)$/, 'the server sends its certificate, and the name of the host'],
  // Of Prisma, postgres.js, node-postgres and the like.
  [/^(current)?schema$/, /^public$/i, 'set search_path'],
  [/^((pool|socket|query|command|login)_?)?timeout$|^connectiontimeout/, noValue, 'set DATABASE_TIMEOUT_MS'],
  [/^(connection_limit|max|min|pool(_.*)?)$/, noValue, 'set DATABASE_POOL_SIZE'],
  [/^(pgbouncer|prepare.*|statement_cache_.*)$/, noValue, 'set DATABASE_PREPARE=off behind a transaction-mode pooler'],
  [/^ssl(accept|identity|factory)$/, noValue, 'set sslmode=verify-full, or require to accept any certificate'],
  [/^(idle_?timeout.*|keep_?alive|max.*lifetime.*|max_?(pipeline|uses).*)$/, noValue, 'leave it out'],
  [/^(single_use_connections|backoff|fetch_types|publications|debug|supa|workaround)$/, noValue, 'leave it out'],
];

/**
 * Finds the settings of the session among the parameters of a URL.
 * @throws Error that names what the server cannot take, and says what to do instead
 */
export function readSettings(parameters: Record<string, string>): Record<string, string> {
  const settings: Record<string, string> = {};
  const faults: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    const [, harmless, advice] = rules.find(([names]) => names.test(name.toLowerCase())) ?? [];
    if (!harmless) settings[name] = value;
    else if (!harmless.test(value)) faults.push(`must not have ${name}: ${advice}`);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return settings;
}
