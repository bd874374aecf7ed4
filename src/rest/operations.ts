import { defaultPageSize, maximumOffset, maximumPageSize } from '../domain/validation.ts';

export interface Operation {
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Its own route, beside /api/{name} and /json/reply/{name}. */
  path: string;
  document: string;
  /** The schema coordinate of the document's field, whose description is the operation's. */
  coordinate: string;
  /** What it does, where that differs from the description of the field. */
  summary?: string;
  returns: 'entity' | 'list' | 'nothing';
  entity: Entity;
  /** The fields of a request by name. All but `all` are variables of the document. */
  fields: Record<string, Field>;
}

interface Field {
  /** The input in the schema that it sets, if that has another name. A field that sets none is a boolean. */
  input?: string;
  /** What it means, where that differs from the description of the input. */
  description?: string;
  /** Clients' words for the values of an enum. */
  words?: Record<string, string>;
}

export interface Entity {
  /** Its type in the schema. */
  type: string;
  /** The fields of a response. Their order is that of the CSV columns in the API that this one replaces. */
  fields: string[];
}

const audit = ['id', 'dateCreated', 'dateLastModified', 'createdBy', 'lastModifiedBy'];
const session: Entity = { type: 'AISessionInfo', fields: ['accountId', 'accountName', 'purpose', ...audit] };
const account: Entity = { type: 'AccountInfo', fields: ['name', ...audit] };

const select = ({ fields }: Entity) => `{ ${fields.join(' ')} }`;
const selectPage = (entity: Entity) =>
  `{ totalCount @skip(if: $simplifiedPaging) pageInfo { hasNextPage endCursor } edges { node ${select(entity)} } }`;

/** The maximum number of items that `all` returns. */
export const longestList = 10_000;

/** The fields of all operations that return a list. */
const listFields: Record<string, Field> = {
  specificIds: { input: 'ids' },
  page: {
    input: 'offset',
    description: `The number of the page, from 0. A page begins within the first \
${maximumOffset.toLocaleString('en')} items.`,
  },
  countPerPage: {
    input: 'first',
    description: `How many items a page has: 1 to ${maximumPageSize}; ${defaultPageSize} without it.`,
  },
  sortOrder: { input: 'direction', words: { Ascend: 'ASC', Descend: 'DESC' } },
  all: { description: `Returns the whole list at once, if it has at most ${longestList.toLocaleString('en')} items.` },
  simplifiedPaging: { description: 'Returns only items and hasMorePages, without counting the whole list.' },
};

/** The operations of the REST API. To add one, add an entry. */
export const operations: Operation[] = [
  {
    name: 'NewAISession',
    method: 'POST',
    path: '/ai/sessions',
    returns: 'entity',
    entity: session,
    document: `mutation NewAISession($accountId: ID = null, $purpose: String = null, $idempotencyKey: String = null) {
      newAISession(input: { accountId: $accountId, purpose: $purpose, idempotencyKey: $idempotencyKey })
      ${select(session)}
    }`,
    coordinate: 'Mutation.newAISession',
    fields: { accountId: {}, purpose: {}, idempotencyKey: {} },
  },
  {
    name: 'ListAISessions',
    method: 'GET',
    path: '/ai/sessions',
    returns: 'list',
    entity: session,
    document: `query ListAISessions(
      $accountIds: [ID!] = null, $specificIds: [ID!] = null, $page: Int, $countPerPage: Int, $after: String
      $sortField: AISessionOrderField! = DATE_CREATED, $sortOrder: OrderDirection! = DESC
      $simplifiedPaging: Boolean = false
    ) {
      aiSessions(
        filter: { accountIds: $accountIds, ids: $specificIds }, orderBy: { field: $sortField, direction: $sortOrder }
        offset: $page, first: $countPerPage, after: $after
      ) ${selectPage(session)}
    }`,
    coordinate: 'Query.aiSessions',
    summary: 'Lists sessions, newest first unless `sortField` and `sortOrder` say otherwise.',
    fields: {
      accountIds: {},
      ...listFields,
      sortField: { input: 'field', words: { dateCreated: 'DATE_CREATED', dateLastModified: 'DATE_LAST_MODIFIED' } },
    },
  },
  {
    name: 'GetAISession',
    method: 'GET',
    path: '/ai/sessions/:sessionId',
    returns: 'entity',
    entity: session,
    document: `query GetAISession($sessionId: ID!) { aiSession(id: $sessionId) ${select(session)} }`,
    coordinate: 'Query.aiSession',
    summary: 'Finds a session; 404 when none has this ID.',
    fields: { sessionId: { input: 'id' } },
  },
  {
    name: 'PatchAISession',
    method: 'PATCH',
    path: '/ai/sessions/:sessionId',
    returns: 'entity',
    entity: session,
    document: `mutation PatchAISession($sessionId: ID!, $purpose: String) {
      patchAISession(input: { id: $sessionId, purpose: $purpose }) ${select(session)}
    }`,
    coordinate: 'Mutation.patchAISession',
    fields: { sessionId: { input: 'id' }, purpose: {} },
  },
  {
    name: 'DeleteAISession',
    method: 'DELETE',
    path: '/ai/sessions/:sessionId',
    returns: 'nothing',
    entity: session,
    document: 'mutation DeleteAISession($sessionId: ID!) { deleteAISession(id: $sessionId) }',
    coordinate: 'Mutation.deleteAISession',
    summary: 'Deletes a session.',
    fields: { sessionId: { input: 'id' } },
  },
  {
    name: 'NewAccount',
    method: 'POST',
    path: '/accounts',
    returns: 'entity',
    entity: account,
    document: `mutation NewAccount($name: String!) { newAccount(input: { name: $name }) ${select(account)} }`,
    coordinate: 'Mutation.newAccount',
    fields: { name: {} },
  },
  {
    name: 'ListAccounts',
    method: 'GET',
    path: '/accounts',
    returns: 'list',
    entity: account,
    document: `query ListAccounts(
      $nameFilter: String, $specificIds: [ID!], $page: Int, $countPerPage: Int, $after: String
      $sortOrder: OrderDirection = ASC, $simplifiedPaging: Boolean = false
    ) {
      accounts(
        nameContains: $nameFilter, ids: $specificIds, direction: $sortOrder
        offset: $page, first: $countPerPage, after: $after
      ) ${selectPage(account)}
    }`,
    coordinate: 'Query.accounts',
    summary: 'Lists accounts, oldest first unless `sortOrder` says otherwise.',
    fields: { nameFilter: { input: 'nameContains' }, ...listFields },
  },
  {
    name: 'GetAccount',
    method: 'GET',
    path: '/accounts/:accountId',
    returns: 'entity',
    entity: account,
    document: `query GetAccount($accountId: ID!) { account(id: $accountId) ${select(account)} }`,
    coordinate: 'Query.account',
    summary: 'Finds an account; 404 when none has this ID.',
    fields: { accountId: { input: 'id' } },
  },
];
