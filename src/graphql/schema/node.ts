import { findAccount } from '../../domain/accounts.ts';
import { findAISession } from '../../domain/ai-sessions.ts';
import { checkId } from '../../domain/validation.ts';
import { builder } from './builder.ts';
import { Node } from './entity-info.ts';

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    nullable: true,
    description: 'Finds an object of any type; null when none has this ID.',
    args: { id: t.arg.id({ required: true, description: 'The ID of the object.' }) },
    async resolve(_root, { id }, { database }) {
      const checked = checkId('id', id);
      return (await findAISession(database, checked)) ?? findAccount(database, checked);
    },
  }),
);
