import {
  getOperationAST,
  Kind,
  OperationTypeNode,
  valueFromASTUntyped,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentSpreadNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { isAdministrator } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { compiledDocuments } from '../observability/metrics.ts';
import { measureCost, refuseCost } from './cost.ts';
import { maskUnexpected } from './errors.ts';
import { logOperation } from '../observability/operation-log.ts';

interface CompiledOperation extends CompiledQuery {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** Of its variables. graphql-jit overlooks those of variables that must not be null. */
  defaults: Record<string, unknown>;
}

/**
 * Compiles documents that administrators send again and again. From then on they bypass Yoga's other steps, which have
 * passed the same text before. Where graphql-jit deviates, graphql-js executes.
 * @param usesBefore how often a document is executed before it is compiled
 */
export function useCompilation(usesBefore: number): Plugin<Context, Context> {
  // By text, and of administrators alone: strangers' documents push others out of the cache of parsed ones.
  const uses = new LRUCache<string, number>({
    max: 500,
    maxSize: 1_000_000,
    sizeCalculation: (_count, text) => text.length,
  });
  const compiled = new LRUCache<string, CompiledOperation>({ max: 100 });
  return {
    onExecute({ args: { schema, document, contextValue }, executeFn, setExecuteFn }) {
      const { viewer, log, params } = contextValue;
      const { query } = params;
      if (!query || compiled.has(query) || !isAdministrator(viewer)) return;
      const count = uses.get(query) ?? 0;
      uses.set(query, count + 1);
      const operation = getOperationAST(document);
      if (count !== usesBefore || !operation || !isSafeToCompile(document)) return;
      // The types of our resolvers make sure that leaves are what the schema says.
      const result = compileQuery(schema, document, undefined, { disableLeafSerialization: true });
      if (!isCompiledQuery(result)) return;
      const found = { ...result, document, operation, defaults: defaultsOf(operation) };
      compiled.set(query, found);
      compiledDocuments.set(compiled.size);
      log.debug({ operation: operation.name?.value }, 'operation compiled');
      setExecuteFn(async (args) => (await run(found, contextValue, args.variableValues)) ?? executeFn(args));
    },
    onParams({ params, request, context, paramsHandler, setParamsHandler }) {
      const found = compiled.get(params.query ?? '');
      if (!found || !isAdministrator(context.viewer)) return;
      const { name, operation } = found.operation;
      if (request.method !== 'POST' && operation !== OperationTypeNode.QUERY) return;
      if (params.operationName != null && params.operationName !== name?.value) return;
      setParamsHandler(async (payload) => {
        logOperation(context, found.operation);
        context.cost = measureCost(found.document, found.operation, params.variables);
        const result = refuseCost(context.cost) ?? (await run(found, context, params.variables));
        if (!result?.errors) return result ?? paramsHandler(payload);
        return { ...result, errors: result.errors.map(maskUnexpected) };
      });
    },
  };
}

/** Runs a compiled operation. Undefined: the variables were refused and nothing ran. graphql-js explains that better. */
async function run(
  { query, defaults }: CompiledOperation,
  context: Context,
  variables: ExecutionArgs['variableValues'],
): Promise<ExecutionResult | undefined> {
  const result: ExecutionResult = await query({}, context, { ...defaults, ...variables });
  return result.data === undefined ? undefined : result;
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  const given = variableDefinitions.filter(({ defaultValue }) => defaultValue);
  return Object.fromEntries(
    given.map(({ variable, defaultValue }) => [variable.name.value, defaultValue && valueFromASTUntyped(defaultValue)]),
  );
}

/**
 * Whether graphql-jit runs a document as graphql-js does. It deviates in four ways: it confuses the operations of one
 * document; it builds objects with a prototype, where `__proto__` has a meaning; inside an object it reads a variable that
 * is left out as null, and accepts a null that its field refuses; and where selections of one field merge, it overlooks the
 * `@skip` or `@include` around one of them. Introspection is not worth it.
 */
function isSafeToCompile(document: DocumentNode): boolean {
  let isSafe = getOperationAST(document) !== null;
  const inObjects = new Set<string>();
  const mayBeLeftOut = new Set<string>();
  const refuseDirectives = ({ directives = [] }: FieldNode | FragmentSpreadNode | InlineFragmentNode) =>
    void (isSafe &&= directives.length === 0);
  visit(document, {
    Name: ({ value }) => void (isSafe &&= !value.startsWith('__') || value === '__typename'),
    ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && inObjects.add(value.name.value)),
    VariableDefinition({ variable, type, defaultValue }) {
      const isKnown = type.kind === Kind.NON_NULL_TYPE || defaultValue?.kind === Kind.NULL;
      if (!isKnown) mayBeLeftOut.add(variable.name.value);
    },
    Field: (field) => (field.selectionSet ? refuseDirectives(field) : undefined),
    FragmentSpread: refuseDirectives,
    InlineFragment: refuseDirectives,
  });
  return isSafe && [...inObjects].every((name) => !mayBeLeftOut.has(name));
}
