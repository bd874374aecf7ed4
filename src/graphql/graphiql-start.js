/* oxlint-disable unicorn/require-post-message-target-origin -- a BroadcastChannel has one origin */
// Starts GraphiQL in the browser, behind its code and its `parts`.
const { css, favicon, editorWorkerService, jsonWorker: json, graphqlWorker: graphql } = parts;
const { query, variables, headers, notice } = JSON.parse(document.getElementById('options').textContent);
const ownStyle = `
  body { display: flex; flex-direction: column; height: 100dvh }
  #root { flex: 1; min-height: 0 }
  .graphiql-container { width: 100%; height: 100% }
  [role=status] { margin: 0; padding: 12px; color: #fff; background: #8a1f11; font: 14px sans-serif; cursor: pointer }
  @media (max-width: 600px) {
    .graphiql-container #graphiql-session { flex-direction: column }
    .graphiql-container :is(.graphiql-logo, .graphiql-horizontal-drag-bar) { display: none }
  }
`;
document.head.insertAdjacentHTML('beforeend', `<link rel="icon" href="${favicon}"><style>${css}${ownStyle}</style>`);

const workers = { editorWorkerService, json, graphql };
const urlOf = (label) => URL.createObjectURL(new Blob([workers[label]], { type: 'text/javascript' }));
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => urlOf(label) };

// The token of a link must not stay in the address bar or the history. Headers live as long as the browser's tab.
history.replaceState(null, '', location.pathname);
if (headers) sessionStorage.setItem('headers', headers);
if (tokenEnd() <= Date.now()) sessionStorage.removeItem('headers');

// A tab that is not signed in asks the others of its browser, which keeps the token off the disk.
const channel = new BroadcastChannel('headers');
channel.addEventListener('message', ({ data }) => {
  if (data.headers && !isSignedIn()) {
    sessionStorage.setItem('headers', data.headers);
    location.reload();
  } else if (!data.headers && isSignedIn()) channel.postMessage({ headers: sessionStorage.getItem('headers') });
});
if (isSignedIn()) start();
else {
  channel.postMessage({});
  // They answer within this time, or the page is loaded again.
  setTimeout(start, 100);
}

function start() {
  const status = document.createElement('p');
  status.setAttribute('role', 'status');
  status.textContent = `${notice} Click to close.`;
  status.addEventListener('click', () => status.remove());
  if (!isSignedIn()) document.body.prepend(status);
  // GraphiQL opens what is stored here, in the tab of its own that has the same text, or else in a new one.
  const active = activeTab() ?? { query, variables };
  localStorage.setItem('graphiql:query', active.query ?? '');
  localStorage.setItem('graphiql:variables', active.variables ?? '');
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
    title: document.title,
    defaultQuery: '',
    headers: sessionStorage.getItem('headers') ?? undefined,
    shouldPersistHeaders: false,
    onEditHeaders(edited) {
      sessionStorage.setItem('headers', edited);
      if (isSignedIn()) status.remove();
    },
  });
}

function activeTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    return tabs[activeTabIndex];
  } catch {
    return undefined;
  }
}

function isSignedIn() {
  return tokenEnd() > Date.now();
}

/** When the token in the headers expires, in milliseconds; NaN without one. */
function tokenEnd() {
  try {
    const [, claims] = /Bearer [^.]+[.]([^.]+)/.exec(sessionStorage.getItem('headers'));
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).exp * 1000;
  } catch {
    return NaN;
  }
}
