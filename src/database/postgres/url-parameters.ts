/** Parameters that PostgreSQL would refuse. Harmless values ask for what happens anyway. */
const rules: [names: string, harmless: RegExp, advice: string][] = [
  // Of libpq. Deadlines notice lost connections, and of several hosts only one accepts writes.
  ['connect_timeout tcp_user_timeout keepalives keepalives_idle keepalives_interval keepalives_count', /^/, ''],
  ['load_balance_hosts sslcompression max_protocol_version uselibpqcompat', /^/, ''],
  ['channel_binding require_auth requirepeer', /^(disable|prefer)$/, 'sslmode=verify-full also checks the server'],
  ['gssencmode gssdelegation gsslib krbsrvname', /^(disable|prefer|0)$/, 'use a password or a client certificate'],
  ['scram_client_key scram_server_key', /(?!)/, 'use a password or a client certificate'],
  ['oauth_issuer oauth_client_id oauth_client_secret oauth_scope', /(?!)/, 'use a password or a client certificate'],
  ['hostaddr database db username', /(?!)/, 'write it as in postgres://user:password@host:5432/name'],
  ['service servicefile passfile', /(?!)/, 'write what it stands for into the URL'],
  ['client_encoding encoding', /^(auto|utf-?8|unicode)$/i, 'the server speaks UTF-8'],
  ['datestyle', /(?!)/, 'the server needs its own'],
  ['target_session_attrs', /^(any|read-write|primary)$/, 'the server uses the host that accepts writes'],
  ['replication', /^(false|off|no|0)$/, 'the server does not replicate'],
  ['min_protocol_version', /^3\.0$/, 'the server speaks 3.0'],
  ['ssl_min_protocol_version', /^TLSv1(\.[12])?$/i, 'set NODE_OPTIONS=--tls-min-v1.3'],
  ['ssl_max_protocol_version', /^TLSv1\.3$/i, 'set NODE_OPTIONS=--tls-max-v1.2'],
  ['sslcrldir', /(?!)/, 'name a file with sslcrl'],
  ['sslkeylogfile', /(?!)/, 'set NODE_OPTIONS=--tls-keylog=FILE'],
  ['sslsni sslcertmode', /^(1|allow)$/, 'the server sends its certificate, and the name of the host'],
  // Of other drivers.
  ['schema currentschema', /^public$/i, 'set search_path'],
  ['connection_limit max min pool pool_size pool_max_conns pool_min_conns', /(?!)/, 'set DATABASE_POOL_SIZE'],
  ['pgbouncer prepare prepared_statements statement_cache_size', /(?!)/, 'set DATABASE_PREPARE=off behind a pooler'],
  ['prepared_statement_cache_size preparethreshold', /(?!)/, 'set DATABASE_PREPARE=off behind a pooler'],
  ['pool_timeout socket_timeout query_timeout command_timeout timeout', /(?!)/, 'set DATABASE_TIMEOUT_MS'],
  ['connectiontimeoutmillis sockettimeout logintimeout', /(?!)/, 'set DATABASE_TIMEOUT_MS'],
  ['sslaccept sslidentity sslfactory', /(?!)/, 'set sslmode=verify-full, or require to accept any certificate'],
  ['idle_timeout max_lifetime idletimeoutmillis keep_alive keepalive max_pipeline backoff', /(?!)/, ''],
  ['fetch_types publications debug supa workaround', /(?!)/, ''],
];

/**
 * Finds the settings of the session among the parameters of a URL.
 * @throws Error that names what the server cannot take, and says what to do instead
 */
export function readSettings(parameters: Record<string, string>): Record<string, string> {
  const settings: Record<string, string> = {};
  const faults: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    const rule = rules.find(([names]) => names.split(' ').includes(name.toLowerCase()));
    if (!rule) settings[name] = value;
    else if (!rule[1].test(value)) faults.push(`must not have ${name}${rule[2] && `: ${rule[2]}`}`);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return settings;
}
