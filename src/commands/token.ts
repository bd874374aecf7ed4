import './require-node.cjs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readLocalSecret } from '../auth/local-secret.ts';
import { issueToken } from '../auth/token-issuer.ts';
import { loadConfig } from '../config.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const config = loadConfig(process.env);
  if (config.AUTH_JWKS_URL)
    throw new StartupError('With AUTH_JWKS_URL, the identity provider issues the tokens: get one there.');
  try {
    const { sub, role, expires } = parseArgs({
      options: {
        sub: { type: 'string' },
        role: { type: 'string', multiple: true, default: [] },
        expires: { type: 'string', default: '8h' },
      },
    }).values;
    if (!sub) throw new TypeError('--sub is missing');
    // loadConfig requires AUTH_SECRET except with the embedded database.
    const secret = config.AUTH_SECRET ?? readLocalSecret(config.DATA_DIR);
    const token = await issueToken(config, secret, { id: sub, roles: role }, expires);
    const signedWith = config.AUTH_SECRET ? 'AUTH_SECRET' : `the secret in ${path.resolve(config.DATA_DIR)}`;
    process.stderr.write(`Signed with ${signedWith}. A server that has another secret refuses this token.\n`);
    process.stdout.write(`${token}\n`);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const usage = 'npm run --silent token -- --sub alice [--role SystemAdministrator]… [--expires 8h]';
    throw new StartupError(`${cause.message}. Usage: ${usage}`, { cause });
  }
});
