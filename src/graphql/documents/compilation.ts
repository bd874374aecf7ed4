import { getOperationAST, getVariableValues, Kind, OperationTypeNode } from 'graphql';
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { isAdministrator } from '../../auth/viewer.ts';
import type { Context } from '../../context.ts';
import { compiledDocuments } from '../../observability/metrics.ts';
import { logOperation } from '../../observability/operation-log.ts';
import { maskUnexpected } from '../errors.ts';
import { isTooCostly, measureCost } from './cost.ts';
import { findDeviation } from './deviation.ts';

type CompiledOperation = NonNullable<ReturnType<typeof compile>>;

/** Compiling takes longer than executing, so a document must come again and again. */
const defaultUsesBefore = 9;

/**
 * Compiles documents that administrators send often. From then on they bypass Yoga's other steps, which have passed the
 * same document before.
 * @param usesBefore how often a document is executed before it is compiled; a trusted one is at its first use
 * @param trustedDocuments how many documents are trusted
 */
export function useCompilation(usesBefore = defaultUsesBefore, trustedDocuments = 0): Plugin<Context, Context> {
  // Counts only administrators' uses: the documents of others must not push theirs out.
  const uses = new LRUCache<string, number>({
    max: 500,
    maxSize: 1_000_000,
    sizeCalculation: (_count, query) => query.length,
  });
  const compiled = new LRUCache<string, CompiledOperation>({ max: 100 + trustedDocuments });
  return {
    onExecute({ args: { schema, document, contextValue: context }, executeFn, setExecuteFn }) {
      const { query } = context.params;
      if (!query || compiled.has(query) || !isAdministrator(context.viewer)) return;
      const count = uses.get(query) ?? 0;
      uses.set(query, count + 1);
      const wanted = context.isTrusted ? 0 : usesBefore;
      const found = count === wanted ? compile(schema, document, context) : undefined;
      if (!found) return;
      compiled.set(query, found);
      compiledDocuments.set(compiled.size);
      setExecuteFn(async (args) => (await run(found, context, args.variableValues)) ?? executeFn(args));
    },
    onParams({ params, request, context, paramsHandler, setParamsHandler }) {
      const found = compiled.get(params.query ?? '');
      if (!found || !isAdministrator(context.viewer)) return;
      const { name, operation } = found.operation;
      if (request.method !== 'POST' && operation !== OperationTypeNode.QUERY) return;
      if ((params.operationName ?? name?.value) !== name?.value) return;
      setParamsHandler(async (payload) => {
        logOperation(context, found.operation);
        const result = await run(found, context, params.variables);
        if (!result) {
          context.log.debug('operation not run compiled');
          return paramsHandler(payload);
        }
        if (!result.errors) return result;
        return { ...result, errors: result.errors.map(maskUnexpected) };
      });
    },
  };
}

/** Compiles a document, unless graphql-jit would run it differently. */
function compile(schema: GraphQLSchema, document: DocumentNode, { log }: Context) {
  const operation = getOperationAST(document);
  const deviation = findDeviation(document);
  if (!operation || deviation !== undefined) {
    log.debug({ deviation }, 'operation not compiled');
    return undefined;
  }
  // The types of our resolvers make sure that leaves are what the schema says.
  const result = compileQuery(schema, document, undefined, { disableLeafSerialization: true });
  if (!isCompiledQuery(result)) return undefined;
  log.debug({ operation: operation.name?.value }, 'operation compiled');
  return { schema, document, operation, query: result.query };
}

/** Runs a compiled operation. Undefined: nothing ran, because of its variables, and Yoga's other steps must say why. */
async function run(
  { schema, document, operation, query }: CompiledOperation,
  context: Context,
  variables: ExecutionArgs['variableValues'],
): Promise<ExecutionResult | undefined> {
  const given = variables ?? {};
  const values = isPlain(operation, given) ? given : readVariables(schema, operation, given);
  if (!values) return undefined;
  context.cost = measureCost(document, operation, values);
  if (isTooCostly(context.cost)) return undefined;
  const result = await query({}, context, values);
  // Without data, graphql-jit refused the variables.
  return result.data === undefined ? undefined : result;
}

/** Whether graphql-jit reads these variables as graphql-js does, which takes longer than all else that runs here. */
function isPlain({ variableDefinitions = [] }: OperationDefinitionNode, variables: object): boolean {
  return !variableDefinitions.some(({ defaultValue }) => defaultValue) && !mayHaveList(variables, 3);
}

/** @param depth how many objects inside of objects are looked into: inputs have two */
function mayHaveList(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Array.isArray(value) || Object.values(value).some((part) => mayHaveList(part, depth - 1));
}

/** Reads variables as graphql-js does: graphql-jit would take a list for an input object, and overlook some defaults. */
function readVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const { coerced } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: 0 });
  // With a default other than null, a variable that may be null may stand where null is refused, which graphql-jit
  // overlooks.
  const mayBeRefused = variableDefinitions.filter(
    ({ type, defaultValue }) => defaultValue && defaultValue.kind !== Kind.NULL && type.kind !== Kind.NON_NULL_TYPE,
  );
  return mayBeRefused.some(({ variable }) => coerced?.[variable.name.value] === null) ? undefined : coerced;
}
