import {
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { isAdministrator } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { maskUnexpected } from './errors.ts';
import { logOperation } from './operation-log.ts';

interface CompiledOperation extends CompiledQuery {
  operation: OperationDefinitionNode;
  /** The variables that a request must give: see `isSafeToCompile`. */
  required: string[];
}

const usesBeforeCompilation = 10;

/**
 * Compiles mutations that administrators send again and again. From then on they bypass Yoga's other steps, which have
 * passed the same text before. Where graphql-jit deviates, graphql-js executes.
 */
export function useCompilation(): Plugin<Context, Context> {
  // By text, and of administrators alone: strangers' documents push others out of the cache of parsed ones.
  const uses = new LRUCache<string, number>({
    max: 500,
    maxSize: 1_000_000,
    sizeCalculation: (_count, text) => text.length,
  });
  const compiled = new LRUCache<string, CompiledOperation>({ max: 100 });
  return {
    onExecute({ args: { schema, document, contextValue } }) {
      const { viewer, log, params } = contextValue;
      const { query } = params;
      if (!query || compiled.has(query) || !isAdministrator(viewer)) return;
      const count = (uses.get(query) ?? 0) + 1;
      uses.set(query, count);
      if (count !== usesBeforeCompilation) return;
      const [operation] = operationsOf(document);
      if (!operation || !isSafeToCompile(document)) return;
      const result = compileQuery(schema, document);
      if (!isCompiledQuery(result)) return;
      compiled.set(query, { ...result, operation, required: variablesInObjects(document) });
      log.debug({ operation: operation.name?.value }, 'operation compiled');
    },
    onParams({ params, request, context, paramsHandler, setParamsHandler }) {
      const found = compiled.get(params.query ?? '');
      if (!found || request.method !== 'POST' || !isAdministrator(context.viewer) || !suits(found, params)) return;
      setParamsHandler(async (payload) => {
        logOperation(context, found.operation);
        const result: ExecutionResult = await found.query({}, context, params.variables);
        // No data: the variables were refused and nothing ran. graphql-js explains that better.
        if (result.data === undefined) return paramsHandler(payload);
        return result.errors ? { ...result, errors: result.errors.map(maskUnexpected) } : result;
      });
    },
  };
}

/**
 * Whether graphql-jit runs a document as graphql-js does. It deviates in four ways: it confuses the operations of one
 * document; it ignores the defaults of enums, which only our lists have, so queries are not compiled, and lists behind
 * mutations know these defaults themselves; it builds objects with a prototype, where `__proto__` has a meaning; and it
 * reads a variable inside an object as null when it is left out, which depends on the request, so `suits` decides.
 */
function isSafeToCompile(document: DocumentNode): boolean {
  const operations = operationsOf(document);
  let hasPrototypeName = false;
  visit(document, { Name: ({ value }) => void (hasPrototypeName ||= value === '__proto__') });
  return operations.length === 1 && operations[0]?.operation === OperationTypeNode.MUTATION && !hasPrototypeName;
}

function suits({ operation, required }: CompiledOperation, { operationName, variables }: GraphQLParams): boolean {
  const isNamed = operationName == null || operationName === operation.name?.value;
  return isNamed && required.every((name) => variables?.[name] !== undefined);
}

function operationsOf({ definitions }: DocumentNode): OperationDefinitionNode[] {
  return definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

/** The variables inside objects that have no default. */
function variablesInObjects(document: DocumentNode): string[] {
  const inside = new Set<string>();
  const withDefault = new Set<string>();
  visit(document, {
    VariableDefinition: ({ variable, defaultValue }) => void (defaultValue && withDefault.add(variable.name.value)),
    ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && inside.add(value.name.value)),
  });
  return [...inside].filter((name) => !withDefault.has(name));
}
