import { costLimitPlugin } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { NoSchemaIntrospectionCustomRule, validate, visit, type DocumentNode, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { CodedError } from '../errors.ts';
import { isAdministrator, type Context } from './builder.ts';

/** Keeps few documents, and no errors, of those that were sent before: Yoga by itself keeps 1,000 of any size, and theirs. */
export function createDocumentCaches() {
  return {
    documentCache: new LRUCache<string, DocumentNode>({
      max: 500,
      maxSize: 2_000_000,
      maxEntrySize: 10_000,
      sizeCalculation: lengthOf,
    }),
    errorCache: { get: () => undefined, set: () => {} },
  };
}

function lengthOf(_document: DocumentNode, text: string): number {
  return text.length;
}

/** Keeps documents small, and what is said about them. */
export function useLimits() {
  return [
    boundErrors,
    maxTokensPlugin({ n: 1000 }),
    maxDepthPlugin({ n: 10 }),
    // By default any number of __typename may pass.
    maxAliasesPlugin({ n: 30, allowList: [] }),
    maxDirectivesPlugin({ n: 20 }),
    // About ten pages of 100 sessions with all their fields.
    costLimitPlugin({ maxCost: 50_000 }),
  ];
}

const nameLimit = 255;

/** graphql-js quotes names in its errors, up to a hundred of them. */
const boundErrors: Plugin = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules, typeInfo) => {
      const tooLong = longName(document);
      return tooLong ? [tooLong] : validate(schema, document, rules, { maxErrors: 10 }, typeInfo);
    });
  },
};

function longName(document: DocumentNode): GraphQLError | undefined {
  let isLong = false;
  visit(document, { Name: ({ value }) => void (isLong ||= value.length > nameLimit) });
  return isLong ? new CodedError('BAD_USER_INPUT', `A name must have at most ${nameLimit} characters.`) : undefined;
}

/** Keeps the schema from all but administrators. */
export function useClosedSchema(): Plugin<Context> {
  return {
    onValidate({ context, addValidationRule }) {
      if (!isAdministrator(context)) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
