import { createAISession, maximumKeyLength } from '../../domain/ai-session-creation.ts';
import * as aiSessions from '../../domain/ai-sessions.ts';
import { checkId, checkText } from '../../domain/validation.ts';
import { badInput } from '../../errors.ts';
import { administrator, builder } from './builder.ts';
import { readPageRequest, toConnection } from './connection.ts';
import { EntityInfo } from './entity-info.ts';

const { maximumPurposeLength } = aiSessions;
const maximumUserLength = 255;
const maximumIds = 100;

const AISessionInfo = builder
  .objectRef<aiSessions.AISession>('AISessionInfo')
  .implement({
    description: "An AI session: an AI assistant's working session for a customer account.",
    interfaces: [EntityInfo],
    fields: (t) => ({
      accountId: t.exposeID('accountId', { nullable: true, description: 'The ID of the account of this session.' }),
      accountName: t.exposeString('accountName', {
        nullable: true,
        description: 'The name of the account of this session.',
      }),
      purpose: t.exposeString('purpose', { nullable: true, description: 'The purpose for this AI session.' }),
    }),
  });

const NewAISessionInput = builder.inputType('NewAISessionInput', {
  description: 'A new session.',
  fields: (t) => ({
    accountId: t.id({ description: 'The ID of the account to associate this session with.' }),
    purpose: t.string({ description: `The purpose for this session: ${maximumPurposeLength} characters at most.` }),
    idempotencyKey: t.string({
      description: `Makes a retry safe: when the same user sends the same input with the same key again, the answer is the \
session that the key created. 1 to ${maximumKeyLength} characters, such as a UUID made for this request.`,
    }),
  }),
});

const PatchAISessionInput = builder.inputType('PatchAISessionInput', {
  description: 'A change to a session. What is left out stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The ID of the session.' }),
    purpose: t.string({
      description: `The new purpose: ${maximumPurposeLength} characters at most, or null for none.`,
    }),
  }),
});

builder.mutationFields((t) => ({
  newAISession: t.withAuth(administrator).field({
    type: AISessionInfo,
    description: 'Creates a new session.',
    args: { input: t.arg({ type: NewAISessionInput, required: true, description: 'The session to create.' }) },
    async resolve(_root, { input: { accountId, purpose, idempotencyKey } }, { database, viewer, log, countCreation }) {
      await countCreation(viewer);
      const { session, isNew } = await createAISession(database, {
        accountId: accountId == null ? null : checkId('accountId', accountId),
        purpose: checkPurpose(purpose) ?? null,
        idempotencyKey:
          idempotencyKey == null ? null : checkText('idempotencyKey', idempotencyKey, maximumKeyLength, 1),
        createdBy: viewer.id,
      });
      const { id, accountId: account } = session;
      if (isNew) log.info({ sessionId: id, accountId: account, viewer: viewer.id }, 'session created');
      return session;
    },
  }),

  patchAISession: t
    .withAuth(administrator)
    .field({
      type: AISessionInfo,
      description: 'Changes a session.',
      args: { input: t.arg({ type: PatchAISessionInput, required: true, description: 'The change.' }) },
      resolve: (_root, { input: { id, purpose } }, { database, viewer }) =>
        aiSessions.patchAISession(database, checkId('id', id), checkPurpose(purpose), viewer.id),
    }),

  deleteAISession: t
    .withAuth(administrator)
    .id({
      description: 'Deletes a session and returns its ID.',
      args: { id: t.arg.id({ required: true, description: 'The ID of the session.' }) },
      resolve: (_root, { id }, { database }) => aiSessions.deleteAISession(database, checkId('id', id)),
    }),
}));

const AISessionOrderField = builder.enumType('AISessionOrderField', {
  description: 'What sessions can be ordered by. Sessions with equal dates are ordered by ID.',
  values: {
    DATE_CREATED: { value: 'dateCreated', description: 'The date the session was created.' },
    DATE_LAST_MODIFIED: { value: 'dateLastModified', description: 'The date the session was last modified.' },
  } as const,
});

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of a list comes first.',
  values: { ASC: { description: 'The oldest first.' }, DESC: { description: 'The newest first.' } },
});

const AISessionOrder = builder.inputType('AISessionOrder', {
  description: 'The order of a list of sessions.',
  fields: (t) => ({
    field: t.field({
      type: AISessionOrderField,
      required: true,
      defaultValue: 'dateCreated',
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
    createdBy: t.string({ description: 'Sessions that this user created.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Sessions created at this instant or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Sessions created before this instant.' }),
  }),
});

builder.queryFields((t) => ({
  aiSession: t.field({
    type: AISessionInfo,
    nullable: true,
    description: 'Finds a session; null when none has this ID.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the session.' }) },
    resolve: (_root, { id }, { database }) => aiSessions.findAISession(database, checkId('id', id)),
  }),

  aiSessions: t.connection(
    {
      type: AISessionInfo,
      description: 'Lists sessions, newest first unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: AISessionFilter, description: 'Which sessions to list; all without it.' }),
        offset: t.arg.int({
          description: 'How many sessions to skip, 0 to 10,000: for clients that number their pages. Prefer cursors.',
        }),
        orderBy: t.arg({ type: AISessionOrder, description: 'The order of the list; newest first without it.' }),
      },
      async resolve(_root, { filter: filterInput, orderBy, ...page }, context) {
        const { database } = context;
        const filter = readFilter(filterInput ?? {});
        const order = { field: orderBy?.field ?? 'dateCreated', descending: orderBy?.direction !== 'ASC' };
        const pageRequest = readPageRequest(page, order.field, context);
        const sessions = await aiSessions.listAISessions(database, filter, order, pageRequest);
        const cursorOf = (session: aiSessions.AISession) => aiSessions.sessionCursor(session, order);
        return toConnection(sessions, cursorOf, order.field, () => aiSessions.countAISessions(database, filter));
      },
    },
    { name: 'AISessionInfoConnection', description: 'A page of sessions.' },
    { name: 'AISessionInfoEdge', description: 'A session in a list.' },
  ),
}));

/** An empty purpose is none: in this API a value that is absent is null, never "". */
function checkPurpose(purpose: string | null | undefined): string | null | undefined {
  return purpose == null ? purpose : checkText('purpose', purpose, maximumPurposeLength) || null;
}

function readFilter(input: typeof AISessionFilter.$inferInput): aiSessions.AISessionFilter {
  const { createdBy } = input;
  return {
    ids: checkIds('ids', input.ids),
    accountIds: checkIds('accountIds', input.accountIds),
    createdBy: createdBy == null ? undefined : checkText('createdBy', createdBy, maximumUserLength),
    createdFrom: input.createdFrom ?? undefined,
    createdBefore: input.createdBefore ?? undefined,
  };
}

function checkIds(field: string, ids: string[] | null | undefined): string[] | undefined {
  if (ids && ids.length > maximumIds) throw badInput(field, `"${field}" must have at most ${maximumIds} items.`);
  return ids?.map((id) => checkId(field, id));
}
