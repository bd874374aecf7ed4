import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { getOperationAST, getVariableValues, GraphQLError, Kind, validate, visit } from 'graphql';
import { NoSchemaIntrospectionCustomRule, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isAdministrator } from '../../auth/viewer.ts';
import type { Context } from '../../context.ts';
import { maximumErrors } from '../errors.ts';
import { costRule, isTooCostly, measureCost } from './cost.ts';

/**
 * Limits the size of documents, what they ask for, and the errors about them.
 * @param isOpen whether everyone may explore the schema, or only administrators
 */
export function useLimits(isOpen: boolean) {
  return [
    limitLength,
    limitErrors(isOpen),
    maxTokensPlugin({ n: 1000, onReject: refuseWith('have at most 1,000 tokens') }),
    maxDepthPlugin({ n: 10, onReject: refuseWith('nest its selections at most 10 deep') }),
    // By default __typename is not counted.
    maxAliasesPlugin({ n: 30, allowList: [], onReject: refuseWith('have at most 30 aliases') }),
    maxDirectivesPlugin({ n: 20, onReject: refuseWith('have at most 20 directives') }),
  ];
}

/** Replaces the error of such a plugin, which calls every excess a syntax error. */
function refuseWith(rule: string): [() => never] {
  const refuse = () => {
    throw new GraphQLError(`A document must ${rule}.`);
  };
  return [refuse];
}

/** In bytes. */
const maximumLength = 20_000;
const maximumLines = 1000;
const maximumNameLength = 100;
const maximumRepetitions = 50;
/** graphql-js adds an error that says that there are more. */
const optionsFor = (isOpen: boolean) => ({ maxErrors: maximumErrors - 1, hideSuggestions: !isOpen });

/** For each error, graphql-js counts the lines before it. */
const limitLength: Plugin<Context, Context> = {
  onParams({ params: { query }, context, setResult }) {
    if (context.isTrusted || typeof query !== 'string' || query.length < maximumLines) return;
    // A line may end in both.
    const lines = Math.max(query.split('\n').length, query.split('\r').length);
    if (Buffer.byteLength(query) <= maximumLength && lines <= maximumLines) return;
    const message = `A document must have at most ${maximumLength / 1000} kB and ${maximumLines} lines.`;
    setResult({ errors: [new GraphQLError(message)] });
  },
};

/**
 * graphql-js quotes names in its errors, collects up to a hundred errors, and compares repeated fields pair by pair.
 * Where the schema is not open, errors suggest none of its names.
 */
const limitErrors = (isOpen: boolean): Plugin<Context, Context> => ({
  onValidate({ context, addValidationRule, setValidationFn }) {
    if (!isOpen && !isAdministrator(context.viewer)) addValidationRule(NoSchemaIntrospectionCustomRule);
    setValidationFn((schema, document, rules, typeInfo) => {
      const excess = findExcess(document);
      if (excess) return [new GraphQLError(excess)];
      const errors = validate(schema, document, rules, optionsFor(isOpen), typeInfo);
      if (isOpen) return errors;
      // ScalarLeafsRule suggests something all the same.
      for (const error of errors) error.message = error.message.split(' Did you mean ', 1).join('');
      return errors;
    });
  },
  onExecute({ args, setResultAndStopExecution }) {
    const { schema, document, operationName, variableValues, contextValue } = args;
    const operation = getOperationAST(document, operationName);
    if (!operation) return;
    // Yoga's executor reports up to 50 errors, and suggests, whatever it is told.
    const variables = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      variableValues ?? {},
      optionsFor(isOpen),
    );
    if (!variables.coerced) return setResultAndStopExecution({ errors: variables.errors });
    contextValue.cost = measureCost(document, operation, variables.coerced);
    if (isTooCostly(contextValue.cost)) setResultAndStopExecution({ errors: [new GraphQLError(costRule)] });
  },
});

/** Says which of the limits a document exceeds that must hold before validation. */
function findExcess(document: DocumentNode): string | undefined {
  let excess: string | undefined;
  visit(document, {
    Name({ value }) {
      if (value.length > maximumNameLength) excess = `A name must have at most ${maximumNameLength} characters.`;
    },
    SelectionSet({ selections }) {
      if (selections.length <= maximumRepetitions) return;
      const fields = selections.filter((selection) => selection.kind === Kind.FIELD);
      const groups = Map.groupBy(fields, ({ name }) => name.value).values();
      if (groups.some(({ length }) => length > maximumRepetitions))
        excess = `A field may appear at most ${maximumRepetitions} times in one selection.`;
    },
  });
  return excess;
}

/** The maximum size of a response, in bytes. */
const maximumResponseSize = 20_000_000;
/** No operation that costs less can reach it: the longest value is a purpose, which takes at most 12 kB as JSON. */
const safeCost = 1600;

/**
 * Replaces a result that is too large to send with an error.
 * @param cost of the operation: what costs little needs no measuring
 */
export function limitSize(result: ExecutionResult, cost: number): ExecutionResult {
  if (cost < safeCost || sizeOf(result.data) <= maximumResponseSize) return result;
  const message = 'The response would be over 20 MB. Ask for fewer items or fields. What the operation wrote is saved.';
  return { data: null, errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] };
}

/** How many bytes a value takes as JSON, or more than the maximum. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(JSON.stringify(value));
  if (typeof value !== 'object' || value === null) return 5;
  let size = 2;
  for (const [name, part] of Object.entries(value)) {
    size += name.length + 4 + sizeOf(part);
    if (size > maximumResponseSize) break;
  }
  return size;
}
