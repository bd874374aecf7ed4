import { useGraphQlJit } from '@envelop/graphql-jit';
import {
  getVariableValues,
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';

const usesBeforeCompilation = 10;

interface Use {
  count: number;
  operation: OperationDefinitionNode | undefined;
}

/**
 * Has mutations compiled that are sent again and again. What graphql-jit does otherwise than graphql-js is left to the
 * latter, as `compilable` and the check of the variables tell.
 */
export function useCompilation() {
  const uses = new WeakMap<DocumentNode, Use>();
  const enableIf = ({ schema, document, variableValues }: ExecutionArgs) => {
    const use = uses.get(document) ?? { count: 0, operation: compilable(document) };
    uses.set(document, use);
    use.count += 1;
    if (!use.operation || use.count <= usesBeforeCompilation) return false;
    // Its errors of variables are not those of graphql-js, and would be masked.
    return !getVariableValues(schema, use.operation.variableDefinitions ?? [], variableValues ?? {}).errors;
  };
  return useGraphQlJit({}, { enableIf });
}

/**
 * The operation of a document that may be compiled: one that stands alone, for the plugin keeps one compilation for all
 * of a document; and a mutation, for graphql-jit mistakes the defaults of enums, which only lists have.
 */
function compilable({ definitions }: DocumentNode): OperationDefinitionNode | undefined {
  const [operation, other] = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation || other || operation.operation !== OperationTypeNode.MUTATION) return undefined;
  // It takes a variable that is left out inside of an object for null.
  let hasVariableInside = false;
  visit(operation, { ObjectField: ({ value }) => void (hasVariableInside ||= value.kind === Kind.VARIABLE) });
  return hasVariableInside ? undefined : operation;
}
