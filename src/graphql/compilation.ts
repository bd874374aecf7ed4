import { Kind, OperationTypeNode, visit, type DocumentNode } from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { oncePer } from '../once-per.ts';

const usesBeforeCompilation = 10;

/**
 * Compiles mutations that are sent again and again. What graphql-jit does otherwise than graphql-js is left to the
 * latter: operations that are not compilable, and telling what is wrong with variables.
 */
export function useCompilation(): Plugin {
  const uses = new WeakMap<DocumentNode, { count: number; compiled?: CompiledQuery | undefined }>();
  const mustBeGiven = oncePer(variablesInObjects);
  return {
    onExecute({ args: { schema, document, variableValues }, executeFn, setExecuteFn }) {
      const use = uses.get(document) ?? { count: 0 };
      uses.set(document, use);
      use.count += 1;
      if (use.count === usesBeforeCompilation && isLoneMutation(document)) {
        const compiled = compileQuery(schema, document);
        if (isCompiledQuery(compiled)) use.compiled = compiled;
      }
      const { compiled } = use;
      if (!compiled || mustBeGiven(document).some((name) => variableValues?.[name] === undefined)) return;
      setExecuteFn((args) => {
        const result = compiled.query(args.rootValue, args.contextValue, args.variableValues);
        // Without data, the variables were refused and nothing was run.
        return result instanceof Promise || 'data' in result ? result : executeFn(args);
      });
    },
  };
}

/** graphql-jit mistakes the defaults of enums, which only lists have, so that queries are not for it. */
function isLoneMutation({ definitions }: DocumentNode): boolean {
  const [operation, other] = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation?.operation === OperationTypeNode.MUTATION && other === undefined;
}

/** The variables that graphql-jit takes for null where they are left out: those inside of objects, without a default. */
function variablesInObjects(document: DocumentNode): string[] {
  const inside = new Set<string>();
  const withDefault = new Set<string>();
  visit(document, {
    VariableDefinition: ({ variable, defaultValue }) => void (defaultValue && withDefault.add(variable.name.value)),
    ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && inside.add(value.name.value)),
  });
  return [...inside].filter((name) => !withDefault.has(name));
}
