import { costLimitPlugin } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { GraphQLError, Kind, NoSchemaIntrospectionCustomRule, validate, visit, type DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isAdministrator } from '../auth/viewer.ts';
import type { Context } from '../context.ts';

/** Limits the size of documents, and of the errors about them. */
export function useLimits() {
  return [
    limitValidation,
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
const maximumRepetitions = 50;

/** graphql-js quotes names in its errors, collects up to a hundred errors, and compares repeated fields pair by pair. */
const limitValidation: Plugin = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules, typeInfo) => {
      const excess = findExcess(document);
      return excess ? [new GraphQLError(excess)] : validate(schema, document, rules, { maxErrors: 10 }, typeInfo);
    });
  },
};

/** Says which limit a document exceeds that must hold before it is validated. */
function findExcess(document: DocumentNode): string | undefined {
  let excess: string | undefined;
  visit(document, {
    Name({ value }) {
      if (value.length > maximumNameLength) excess = `A name must have at most ${maximumNameLength} characters.`;
    },
    SelectionSet({ selections }) {
      if (selections.length <= maximumRepetitions) return;
      const fields = selections.filter((selection) => selection.kind === Kind.FIELD);
      const isRepeated = Map.groupBy(fields, ({ name }) => name.value)
        .values()
        .some(({ length }) => length > maximumRepetitions);
      if (isRepeated) excess = `A field may stand at most ${maximumRepetitions} times in one selection.`;
    },
  });
  return excess;
}

/** Allows introspection to administrators only. */
export function useClosedSchema(): Plugin<Context> {
  return {
    onValidate({ context, addValidationRule }) {
      if (!isAdministrator(context.viewer)) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
