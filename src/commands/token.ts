import { parseArgs } from 'node:util';
import { issueToken, localSecret } from '../auth/token-issuer.ts';
import { loadConfig } from '../config.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const config = loadConfig(process.env);
  if (config.AUTH_JWKS_URL) throw new StartupError('With AUTH_JWKS_URL, tokens come from the identity provider.');
  try {
    const { sub, role, expires } = parseArgs({
      options: {
        sub: { type: 'string' },
        role: { type: 'string', multiple: true, default: [] },
        expires: { type: 'string', default: '8h' },
      },
    }).values;
    if (!sub) throw new TypeError('--sub is missing');
    // Without AUTH_SECRET it is the embedded database: loadConfig has seen to that.
    const secret = config.AUTH_SECRET ?? localSecret(config.DATA_DIR);
    process.stdout.write(`${await issueToken(config, secret, { id: sub, roles: role }, expires)}\n`);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const usage = 'npm run --silent token -- --sub alice [--role SystemAdministrator]… [--expires 8h]';
    throw new StartupError(`${cause.message}. Usage: ${usage}`, { cause });
  }
});
