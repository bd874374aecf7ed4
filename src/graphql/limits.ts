import { costLimitPlugin } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { GraphQLError, NoSchemaIntrospectionCustomRule, validate, visit, type DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isAdministrator } from '../auth/viewer.ts';
import type { Context } from '../context.ts';

/** Limits the size of documents, and of the errors about them. */
export function useLimits() {
  return [
    limitErrors,
    maxTokensPlugin({ n: 1000 }),
    maxDepthPlugin({ n: 10 }),
    // By default __typename is not counted.
    maxAliasesPlugin({ n: 30, allowList: [] }),
    maxDirectivesPlugin({ n: 20 }),
    // About ten pages of 100 sessions with all their fields.
    costLimitPlugin({ maxCost: 50_000 }),
  ];
}

const maximumNameLength = 255;

/** graphql-js quotes names in its errors, and collects up to a hundred errors. */
const limitErrors: Plugin = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules, typeInfo) => {
      if (!hasLongName(document)) return validate(schema, document, rules, { maxErrors: 10 }, typeInfo);
      return [new GraphQLError(`A name must have at most ${maximumNameLength} characters.`)];
    });
  },
};

function hasLongName(document: DocumentNode): boolean {
  let isLong = false;
  visit(document, { Name: ({ value }) => void (isLong ||= value.length > maximumNameLength) });
  return isLong;
}

/** Allows introspection to administrators only. */
export function useClosedSchema(): Plugin<Context> {
  return {
    onValidate({ context, addValidationRule }) {
      if (!isAdministrator(context.viewer)) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
