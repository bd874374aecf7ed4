import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const firstOperation = `# Press the play button (or Ctrl+Enter) to open an AI session.
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

export type GraphiQL = (token: string | null, response: ServerResponse) => Promise<void>;

/**
 * Makes what answers with GraphiQL's page. It opens with an operation for the account, and the token of its link in the
 * header.
 */
export function createGraphiQL(accountId: string | undefined): GraphiQL {
  const variables = stringify({ input: { accountId, purpose: 'Try out AI Sessions' } });
  let page: ReturnType<typeof loadPage> | undefined;
  return async (token, response) => {
    const headers = token === null ? undefined : stringify({ Authorization: `Bearer ${token}` });
    const options = { title, shouldPersistHeaders: false, query: firstOperation, variables, headers };
    const nonce = randomBytes(16).toString('base64');
    page ??= loadPage();
    const { head, body } = await page;
    const scripts = Buffer.from(`<script nonce="${nonce}">${openingScript(options)}</script><script nonce="${nonce}">`);
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

/** Splits the page where its scripts begin. Its 9 MB are loaded only where GraphiQL is served, and all answers share them. */
async function loadPage() {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  // Only the last one is the options: a function keeps `$` as it is.
  const html = renderGraphiQL(marker).replace(JSON.stringify(marker), () => 'options');
  const [head = '', ...rest] = html.split('<script>');
  return { head: Buffer.from(head), body: Buffer.from(rest.join('<script>')) };
}

/** Takes the token out of the address bar and the history. A reload finds it in the storage of the tab. */
function openingScript(options: object): string {
  return `
    const options = ${JSON.stringify(options).replaceAll('<', String.raw`\u003c`)};
    if (options.headers) sessionStorage.setItem('headers', options.headers);
    else options.headers = sessionStorage.getItem('headers') ?? undefined;
    history.replaceState(null, '', location.pathname);
  `;
}

function contentSecurityPolicy(nonce: string): string {
  const sources = {
    'default-src': `'none'`,
    'script-src': `'nonce-${nonce}'`,
    'style-src': `'unsafe-inline'`,
    'worker-src': 'blob:',
    'connect-src': `'self'`,
    'img-src': `'self' data:`,
    'font-src': 'data:',
    'base-uri': `'none'`,
    'form-action': `'none'`,
    'frame-ancestors': `'none'`,
  };
  return Object.entries(sources)
    .map((source) => source.join(' '))
    .join('; ');
}

function stringify(value: object): string {
  return JSON.stringify(value, null, 2);
}
