import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import { costLimitPlugin } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isAdministrator, type Context } from './builder.ts';

/** Keeps documents small. */
export function useLimits() {
  return [
    maxTokensPlugin({ n: 1000 }),
    maxDepthPlugin({ n: 10 }),
    // By default any number of __typename may pass.
    maxAliasesPlugin({ n: 30, allowList: [] }),
    maxDirectivesPlugin({ n: 20 }),
    // About ten pages of 100 sessions with all their fields.
    costLimitPlugin({ maxCost: 50_000 }),
  ];
}

/** Keeps the schema from all but administrators. */
export function useClosedSchema() {
  const closed: Plugin<Context> = {
    onValidate({ context, addValidationRule }) {
      if (!isAdministrator(context)) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
  return [closed, blockFieldSuggestionsPlugin()];
}
