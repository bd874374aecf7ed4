import { createAISession } from '../../domain/ai-session-creation.ts';
import * as aiSessions from '../../domain/ai-sessions.ts';
import { checkId, checkString, ifGiven, maximumKeyLength, maximumPurposeLength } from '../../domain/validation.ts';
import { accountLoader } from '../loaders.ts';
import { AccountInfo } from './account.ts';
import { administrator } from './administrators.ts';
import { builder } from './builder.ts';
import { EntityInfo, Node } from './entity-info.ts';

export const AISessionInfo = builder
  .objectRef<aiSessions.AISession>('AISessionInfo')
  .implement({
    description: "An AI session: an AI assistant's working session for a customer account.",
    interfaces: [EntityInfo, Node],
    fields: (t) => ({
      accountId: t.exposeID('accountId', {
        nullable: true,
        description: 'The ID of the account associated with this session; null if it has none.',
      }),
      accountName: t.exposeString('accountName', {
        nullable: true,
        description: 'The name of the account associated with this session, as it is now; null if it has none.',
      }),
      account: t.field({
        type: AccountInfo,
        nullable: true,
        description: 'The account associated with this session; null if it has none, or beside an error.',
        resolve: ({ accountId }, _arguments, context) =>
          accountId === null ? null : accountLoader(context).load(accountId),
      }),
      purpose: t.exposeString('purpose', {
        nullable: true,
        description: 'The purpose for this AI session; null if none was given.',
      }),
    }),
  });

const NewAISessionInput = builder.inputType('NewAISessionInput', {
  description: 'What a new session is for. Both `accountId` and `purpose` may be left out.',
  fields: (t) => ({
    accountId: t.id({ description: 'The account ID to associate this session with. An unknown one is refused.' }),
    purpose: t.string({ description: `The purpose for this session: ${maximumPurposeLength} characters at most.` }),
    idempotencyKey: t.string({
      description: `Makes a retry safe: the same input with the same key, from the same user, returns the session that \
the key created. 1 to ${maximumKeyLength} characters, such as a UUID made for this request.`,
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
  newAISession: t
    .withAuth(administrator)
    .field({
      type: AISessionInfo,
      nullable: true,
      description: 'Creates a new session. Without an `idempotencyKey`, each request creates one.',
      args: { input: t.arg({ type: NewAISessionInput, required: true, description: 'The session to create.' }) },
      resolve: (_root, { input: { accountId, purpose, idempotencyKey } }, context) =>
        createAISession(context, {
          accountId: ifGiven(accountId, (id) => checkId('accountId', id)) ?? null,
          purpose: ifGiven(purpose, checkPurpose) ?? null,
          idempotencyKey:
            ifGiven(idempotencyKey, (key) => checkString('idempotencyKey', key, maximumKeyLength, 1)) ?? null,
        }),
    }),

  patchAISession: t.withAuth(administrator).field({
    type: AISessionInfo,
    nullable: true,
    description: 'Changes the purpose of a session; NOT_FOUND if there is none. Of several changes, the last one wins.',
    args: { input: t.arg({ type: PatchAISessionInput, required: true, description: 'The change.' }) },
    resolve: (_root, { input: { id, purpose } }, context) => {
      const newPurpose = purpose === null ? null : ifGiven(purpose, checkPurpose);
      return aiSessions.patchAISession(context, checkId('id', id), newPurpose);
    },
  }),

  deleteAISession: t.withAuth(administrator).id({
    nullable: true,
    description: 'Deletes a session for good and returns its ID; NOT_FOUND if there is none, or no longer.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the session.' }) },
    async resolve(_root, { id }, context) {
      const checkedId = checkId('id', id);
      await aiSessions.deleteAISession(context, checkedId);
      return checkedId;
    },
  }),
}));

builder.queryFields((t) => ({
  aiSession: t.field({
    type: AISessionInfo,
    nullable: true,
    description: 'Finds a session; null when none has this ID.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the session.' }) },
    resolve: (_root, { id }, { database }) => aiSessions.findAISession(database, checkId('id', id)),
  }),
}));

/** An empty purpose is none: in this API a value that is absent is null, never "". @throws BAD_USER_INPUT */
function checkPurpose(purpose: string): string | null {
  return checkString('purpose', purpose, maximumPurposeLength) || null;
}
