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
import { isAdministrator, traceOperation, type Context } from './builder.ts';
import { maskUnexpected } from './error-reporting.ts';

interface CompiledOperation extends CompiledQuery {
  operation: OperationDefinitionNode;
  /** The variables that graphql-jit takes for null where they are left out: those inside of objects, without a default. */
  mustBeGiven: string[];
}

const usesBeforeCompilation = 10;

/**
 * Compiles mutations that administrators send again and again. From then on they go round Yoga's other steps, which have
 * let the same text through before. What graphql-jit does otherwise than graphql-js is left to the latter.
 */
export function useCompilation(): Plugin<Context, Context> {
  const uses = new WeakMap<DocumentNode, number>();
  const compiled = new LRUCache<string, CompiledOperation>({ max: 100 });
  return {
    onExecute({ args: { schema, document, contextValue } }) {
      const { query = '' } = contextValue.params;
      const count = (uses.get(document) ?? 0) + 1;
      uses.set(document, count);
      // What is compiled reads into plain objects, where that name has a meaning of its own.
      if (count !== usesBeforeCompilation || !isAdministrator(contextValue) || query.includes('__proto__')) return;
      const operation = loneMutation(document);
      const result = operation && compileQuery(schema, document);
      if (result && isCompiledQuery(result)) {
        compiled.set(query, { ...result, operation, mustBeGiven: variablesInObjects(document) });
      }
    },
    onParams({ params, request, context, paramsHandler, setParamsHandler }) {
      const found = compiled.get(params.query ?? '');
      if (!found || request.method !== 'POST' || !isAdministrator(context) || !suits(found, params)) return;
      setParamsHandler(async (payload) => {
        traceOperation(context, found.operation);
        const result: ExecutionResult = await found.query({}, context, params.variables);
        // Without data, the variables were refused and nothing was run: graphql-js tells better why.
        if (result.data === undefined) return paramsHandler(payload);
        return result.errors ? { ...result, errors: result.errors.map(maskUnexpected) } : result;
      });
    },
  };
}

function suits({ operation, mustBeGiven }: CompiledOperation, { operationName, variables }: GraphQLParams): boolean {
  const isNamed = operationName == null || operationName === operation.name?.value;
  return isNamed && mustBeGiven.every((name) => variables?.[name] !== undefined);
}

/** graphql-jit mistakes the defaults of enums, which only lists have, so that queries are not for it. */
function loneMutation({ definitions }: DocumentNode): OperationDefinitionNode | undefined {
  const [operation, other] = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation?.operation === OperationTypeNode.MUTATION && !other ? operation : undefined;
}

function variablesInObjects(document: DocumentNode): string[] {
  const inside = new Set<string>();
  const withDefault = new Set<string>();
  visit(document, {
    VariableDefinition: ({ variable, defaultValue }) => void (defaultValue && withDefault.add(variable.name.value)),
    ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && inside.add(value.name.value)),
  });
  return [...inside].filter((name) => !withDefault.has(name));
}
