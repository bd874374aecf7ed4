import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';

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

/** Sends the page. The token is that of its link: null if there is none, undefined if it is not valid. */
export type GraphiQL = (token: string | null | undefined, response: ServerResponse) => Promise<void>;

/**
 * Makes the function that sends GraphiQL's page. The page opens with an operation for the account, and the token of its
 * link in the headers. Without a token it says how to get one.
 */
export function createGraphiQL(accountId: string | undefined): GraphiQL {
  const variables = JSON.stringify({ input: { accountId, purpose: 'Try out AI Sessions' } }, null, 2);
  let page: ReturnType<typeof loadPage> | undefined;
  return async (token, response) => {
    const headers = token ? JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) : undefined;
    const options = { title, shouldPersistHeaders: false, query: firstOperation, variables, headers };
    const notice =
      token === undefined ? 'The token of this link is not valid, or has expired.' : 'You are not signed in.';
    const nonce = randomBytes(16).toString('base64');
    page ??= loadPage();
    const { head, body } = await page;
    const script = `<script nonce="${nonce}">`;
    const scripts = Buffer.from(`${script}${openingScript(options, notice)}</script>${script}`);
    const parts = [head, scripts, body];
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': parts.reduce((length, part) => length + part.length, 0),
      'Content-Security-Policy': contentSecurityPolicy(nonce),
    });
    for (const part of parts) response.write(part);
    response.end();
  };
}

const title = 'AI Sessions';
const marker = { title, marker: 'options' };

/** Splits the page where its scripts begin. Its 9 MB are loaded at the first use, and all responses share them. */
async function loadPage() {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  // Only the last one is the options: a function keeps `$` as it is.
  const html = renderGraphiQL(marker).replace(JSON.stringify(marker), () => 'options');
  const [head = '', ...rest] = html.split('<script>');
  return { head: Buffer.from(head), body: Buffer.from(rest.join('<script>')) };
}

const howToSignIn = `Open the link that \`npm start\` prints. Or get a token, from your identity provider or by \
\`npm run --silent token -- --sub you --role SystemAdministrator\`, and put it into Headers: \
{ "Authorization": "Bearer THE TOKEN" }. Click to close.`;

/**
 * Takes the token out of the address bar and the history. A reload finds it in the tab's storage, until it expires.
 * @param notice why the page is not signed in, where it is not
 */
function openingScript(options: object, notice: string): string {
  return `
    const options = ${JSON.stringify(options).replaceAll('<', String.raw`\u003c`)};
    history.replaceState(null, '', location.pathname);
    const isValid = (headers) => {
      const [, claims] = /Bearer [^.]+[.]([^.]+)/.exec(headers) ?? [];
      return claims && JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).exp * 1000 > Date.now();
    };
    if (options.headers) sessionStorage.setItem('headers', options.headers);
    const stored = sessionStorage.getItem('headers');
    if (isValid(stored)) options.headers = stored;
    else {
      delete options.headers;
      const notice = document.createElement('p');
      notice.setAttribute('role', 'status');
      notice.textContent = ${JSON.stringify(`${notice} ${howToSignIn}`)};
      notice.style = 'position: fixed; z-index: 10; bottom: 0; left: 0; right: 0; margin: 0; padding: 12px; color: #fff; background: #8a1f11; font: 14px sans-serif';
      notice.onclick = () => notice.remove();
      document.body.append(notice);
    }
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
