import { hash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Negotiator from 'negotiator';
import type { Viewer } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { CodedError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { targetOf } from './parameters.ts';

const firstOperation = `# Press play (Ctrl+Enter) to open an AI session.
mutation NewAISession($input: NewAISessionInput!) {
  newAISession(input: $input) {
    id
    accountId
    accountName
    purpose
    createdBy
    dateCreated
    lastModifiedBy
    dateLastModified
  }
}
`;

const howToSignIn = `Open the link that \`npm start\` prints. Or get a token, from your identity provider or by \
\`npm run --silent token -- --sub you --role SystemAdministrator\`, and put it into Headers: \
{ "Authorization": "Bearer THE TOKEN" }.`;

/** Where the page finds its script, before the hash of that. */
export const scriptPath = '/graphiql/';

/**
 * Makes the handlers of GraphiQL's page and its script.
 * @param accountId of the account for which the first operation opens a session
 * @param verifyToken throws when the Authorization header is not valid
 */
export function createGraphiQL(
  accountId: string | undefined,
  verifyToken: (authorization: string, log: Logger) => Promise<Viewer | null>,
) {
  const variables = JSON.stringify({ input: { accountId, purpose: 'Try out AI Sessions' } }, null, 2);
  let script: ReturnType<typeof loadScript> | undefined;

  /** Loads the script at its first use. A failure is forgotten, so that the next request tries again. */
  function getScript() {
    script ??= loadScript().catch((error: unknown) => {
      script = undefined;
      throw error;
    });
    return script;
  }

  return {
    /** Sends the page. It gets the token of its link only if that is valid: a link must not inject anything else. */
    async answerPage(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
      context.admit();
      const token = targetOf(request).searchParams.get('token');
      const authorization = `Bearer ${token}`;
      const isValid = token !== null && (await verifyToken(authorization, context.log).catch(() => null)) !== null;
      const headers = isValid ? JSON.stringify({ Authorization: authorization }, null, 2) : undefined;
      const cause = token === null ? 'You are not signed in.' : 'The token of this link is not valid, or has expired.';
      const options = { query: firstOperation, variables, headers, notice: `${cause} ${howToSignIn}` };
      const { path } = await getScript();
      const nonce = randomBytes(16).toString('base64');
      const page = writePage(options, path, nonce);
      response.setHeader('Content-Security-Policy', contentSecurityPolicy(nonce));
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
    },

    /** Sends the script, which may be kept for good: its path changes with it. */
    async answerScript(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
      context.admit();
      const { path, plain, compressed } = await getScript();
      if (request.url !== path) throw new CodedError('NOT_FOUND', 'This script is not here any more. Reload the page.');
      const isCompressed = new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip';
      const body = isCompressed ? compressed : plain;
      response.writeHead(200, {
        ...(isCompressed && { 'Content-Encoding': 'gzip' }),
        'Content-Type': 'text/javascript; charset=utf-8',
        'Content-Length': body.length,
        'Cache-Control': 'public, max-age=31536000, immutable',
        Vary: 'Accept-Encoding',
      });
      response.end(body);
    },
  };
}

/** Joins GraphiQL, of 9 MB, and what starts it in the browser. */
async function loadScript() {
  const { js, ...parts } = await import('@graphql-yoga/render-graphiql/graphiql');
  const start = await readFile(new URL('graphiql-start.js', import.meta.url), 'utf8');
  const plain = Buffer.from(`${js};\n{ const parts = ${JSON.stringify(parts)};\n${start} }`);
  const path = `${scriptPath}${hash('sha256', plain).slice(0, 20)}.js`;
  return { path, plain, compressed: await promisify(gzip)(plain) };
}

function writePage(options: object, path: string, nonce: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>AI Sessions</title>
  </head>
  <body>
    <div id="root">GraphiQL needs JavaScript.</div>
    <script id="options" type="application/json">${JSON.stringify(options).replaceAll('<', String.raw`\u003c`)}</script>
    <script nonce="${nonce}" src="${path}"></script>
  </body>
</html>
`;
}

function contentSecurityPolicy(nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src 'unsafe-inline'`,
    `worker-src blob:`,
    `connect-src 'self'`,
    `img-src 'self' data:`,
    `font-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}
