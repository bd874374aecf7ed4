import { accountPosition, countAccounts, createAccount, findAccount, listAccounts, type Account } from '../accounts.ts';
import { checkId, checkText } from '../input.ts';
import { administrator, builder } from './builder.ts';
import { readPageRequest, toConnection } from './connection.ts';
import { EntityInfo } from './entity-info.ts';

const nameLimit = 255;

const AccountInfo = builder
  .objectRef<Account>('AccountInfo')
  .implement({
    description: 'A customer account of the telephony platform.',
    interfaces: [EntityInfo],
    fields: (t) => ({ name: t.exposeString('name', { description: 'The name of the account.' }) }),
  });

const NewAccountInput = builder.inputType('NewAccountInput', {
  description: 'A new account.',
  fields: (t) => ({
    name: t.string({ required: true, description: `The name of the account: 1 to ${nameLimit} characters.` }),
  }),
});

builder.mutationField('newAccount', (t) =>
  t
    .withAuth(administrator)
    .field({
      type: AccountInfo,
      description: 'Creates a new account.',
      args: { input: t.arg({ type: NewAccountInput, required: true, description: 'The account to create.' }) },
      resolve: (_root, { input }, { database, viewer }) =>
        createAccount(database, checkText('name', input.name, nameLimit, 1), viewer.id),
    }),
);

builder.queryField('account', (t) =>
  t.field({
    type: AccountInfo,
    nullable: true,
    description: 'Finds an account; null when none has this ID.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the account.' }) },
    resolve: (_root, { id }, { database }) => findAccount(database, checkId('id', id)),
  }),
);

builder.queryField('accounts', (t) =>
  t.connection(
    {
      type: AccountInfo,
      description: 'Lists accounts, oldest first.',
      args: { nameContains: t.arg.string({ description: 'Only accounts whose name has this part, in any case.' }) },
      async resolve(_root, { nameContains, ...page }, context) {
        const { database } = context;
        const part = nameContains == null ? undefined : checkText('nameContains', nameContains, nameLimit);
        const accounts = await listAccounts(database, part, readPageRequest(page, 'accounts', context));
        return toConnection(accounts, accountPosition, 'accounts', () => countAccounts(database, part));
      },
    },
    {
      name: 'AccountInfoConnection',
      description: 'A page of accounts.',
      fields: (connection) => ({
        totalCount: connection.int({
          description: 'How many accounts the whole list has: counted where it is asked for.',
          resolve: ({ count }) => count(),
        }),
      }),
    },
    { name: 'AccountInfoEdge', description: 'An account in a list.' },
  ),
);
