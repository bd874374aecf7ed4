import * as lists from '../../domain/ai-session-list.ts';
import { checkIds, checkInstant, checkString, ifGiven, type Optional } from '../../domain/validation.ts';
import { maximumIds, maximumUserLength } from '../../domain/validation.ts';
import { sessionCountLoader, sessionPageLoader } from '../loaders.ts';
import { AccountInfo } from './account.ts';
import { AISessionInfo } from './ai-session.ts';
import { builder } from './builder.ts';
import { offsetDescription, OrderDirection, readPageRequest, toConnection } from './connection.ts';

const AISessionOrderField = builder.enumType('AISessionOrderField', {
  description: 'What sessions can be ordered by. Sessions with equal dates are ordered by ID.',
  // Their values are their names: graphql-jit takes the default of an input for its name.
  values: {
    DATE_CREATED: { description: 'The date the session was created.' },
    DATE_LAST_MODIFIED: { description: 'The date the session was last modified.' },
  } as const,
});

const AISessionOrder = builder.inputType('AISessionOrder', {
  description: 'The order of a list of sessions.',
  fields: (t) => ({
    field: t.field({
      type: AISessionOrderField,
      required: true,
      defaultValue: 'DATE_CREATED',
      description: 'What to order by.',
    }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'DESC',
      description: 'Which end comes first.',
    }),
  }),
});

const AISessionFilter = builder.inputType('AISessionFilter', {
  description: 'Which sessions to list: those that match everything given.',
  fields: (t) => ({
    ids: t.idList({ description: `Sessions with one of these IDs: ${maximumIds} at most.` }),
    accountIds: t.idList({ description: `Sessions of one of these accounts: ${maximumIds} at most.` }),
    createdBy: t.string({ description: 'Sessions that exactly this user created: the `sub` of their token.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Sessions created at this instant or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Sessions created before this instant.' }),
  }),
});

const AISessionInfoEdge = builder.edgeObject({
  type: AISessionInfo,
  name: 'AISessionInfoEdge',
  description: 'A session in a list.',
  // The plugin's own field has a resolver, which takes a twentieth of a page.
  fields: (t) => ({ node: t.expose('node', { type: AISessionInfo, description: 'The item.' }) }),
});

const AISessionInfoConnection = builder.connectionObject(
  { type: AISessionInfo, name: 'AISessionInfoConnection', description: 'A page of sessions.' },
  AISessionInfoEdge,
);

const orderDescription = 'The order of the list; newest first without it.';

builder.queryField('aiSessions', (t) =>
  t.connection(
    {
      type: AISessionInfo,
      nullable: true,
      description: 'Lists sessions, newest first unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: AISessionFilter, description: 'Which sessions to list; all without it.' }),
        offset: t.arg.int({ description: offsetDescription }),
        orderBy: t.arg({ type: AISessionOrder, description: orderDescription }),
      },
      async resolve(_root, { filter: filterInput, orderBy, ...page }, context) {
        const { database } = context;
        const filter = readFilter(filterInput ?? {});
        const order = readOrder(orderBy);
        const pageRequest = readPageRequest(page, order.field, context);
        const sessions = await lists.listAISessions(database, filter, order, pageRequest);
        const count = () => lists.countAISessions(database, filter);
        return toConnection(sessions, lists.sessionCursor(order), order.field, count);
      },
    },
    AISessionInfoConnection,
    AISessionInfoEdge,
  ),
);

builder.objectField(AccountInfo, 'aiSessions', (t) =>
  t.connection(
    {
      type: AISessionInfo,
      nullable: true,
      description: 'Lists the sessions of this account, newest first unless `orderBy` says otherwise.',
      args: { orderBy: t.arg({ type: AISessionOrder, description: orderDescription }) },
      async resolve({ id }, { orderBy, ...page }, context) {
        const order = readOrder(orderBy);
        const sessions = await sessionPageLoader(context, order, readPageRequest(page, order.field, context)).load(id);
        const count = () => sessionCountLoader(context).load(id);
        return toConnection(sessions, lists.sessionCursor(order), order.field, count);
      },
    },
    AISessionInfoConnection,
    AISessionInfoEdge,
  ),
);

function readOrder(orderBy: Optional<typeof AISessionOrder.$inferInput>): lists.AISessionOrder {
  const field = orderBy?.field === 'DATE_LAST_MODIFIED' ? 'dateLastModified' : 'dateCreated';
  return { field, descending: orderBy?.direction !== 'ASC' };
}

function readFilter(input: typeof AISessionFilter.$inferInput): lists.AISessionFilter {
  return {
    ids: ifGiven(input.ids, (ids) => checkIds('ids', ids)),
    accountIds: ifGiven(input.accountIds, (ids) => checkIds('accountIds', ids)),
    createdBy: ifGiven(input.createdBy, (user) => checkString('createdBy', user, maximumUserLength)),
    createdFrom: ifGiven(input.createdFrom, (instant) => checkInstant('createdFrom', instant)),
    createdBefore: ifGiven(input.createdBefore, (instant) => checkInstant('createdBefore', instant)),
  };
}
