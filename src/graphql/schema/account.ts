import * as accounts from '../../domain/accounts.ts';
import { checkId, checkIds, checkString, ifGiven, maximumIds, maximumNameLength } from '../../domain/validation.ts';
import { administrator } from './administrators.ts';
import { builder } from './builder.ts';
import { offsetDescription, OrderDirection, readPageRequest, toConnection } from './connection.ts';
import { EntityInfo, Node } from './entity-info.ts';

export const AccountInfo = builder
  .objectRef<accounts.Account>('AccountInfo')
  .implement({
    description: 'A customer account of the telephony platform.',
    interfaces: [EntityInfo, Node],
    fields: (t) => ({
      name: t.exposeString('name', { description: 'The name of the account, which another may have, too.' }),
    }),
  });

const NewAccountInput = builder.inputType('NewAccountInput', {
  description: 'What a new account is called.',
  fields: (t) => ({
    name: t.string({ required: true, description: `The name of the account: 1 to ${maximumNameLength} characters.` }),
  }),
});

builder.mutationFields((t) => ({
  newAccount: t
    .withAuth(administrator)
    .field({
      type: AccountInfo,
      nullable: true,
      description: 'Creates a new account. Names need not be unique, and a retry creates another.',
      args: { input: t.arg({ type: NewAccountInput, required: true, description: 'The account to create.' }) },
      resolve: (_root, { input }, context) =>
        accounts.createAccount(context, checkString('name', input.name, maximumNameLength, 1)),
    }),
}));

builder.queryFields((t) => ({
  account: t.field({
    type: AccountInfo,
    nullable: true,
    description: 'Finds an account; null when none has this ID.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the account.' }) },
    resolve: (_root, { id }, { database }) => accounts.findAccount(database, checkId('id', id)),
  }),

  accounts: t.connection(
    {
      type: AccountInfo,
      nullable: true,
      description: 'Lists accounts, oldest first unless `direction` says otherwise.',
      args: {
        direction: t.arg({ type: OrderDirection, description: 'Which end comes first; the oldest without it.' }),
        ids: t.arg.idList({ description: `Only accounts with one of these IDs: ${maximumIds} at most.` }),
        nameContains: t.arg.string({ description: 'Only accounts whose name contains this string, in any case.' }),
        offset: t.arg.int({ description: offsetDescription }),
      },
      async resolve(_root, { direction, ids, nameContains, ...page }, context) {
        const { database } = context;
        const filter = {
          ids: ifGiven(ids, (given) => checkIds('ids', given)),
          nameContains: ifGiven(nameContains, (given) => checkString('nameContains', given, maximumNameLength)),
        };
        const pageRequest = readPageRequest(page, 'accounts', context);
        const found = await accounts.listAccounts(database, filter, direction === 'DESC', pageRequest);
        const count = () => accounts.countAccounts(database, filter);
        return toConnection(found, accounts.accountCursor, 'accounts', count);
      },
    },
    { name: 'AccountInfoConnection', description: 'A page of accounts.' },
    { name: 'AccountInfoEdge', description: 'An account in a list.' },
  ),
}));
