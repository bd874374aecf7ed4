import { BREAK, getOperationAST, Kind, visit, type ASTNode, type DocumentNode } from 'graphql';

/**
 * Finds what graphql-jit would run differently from graphql-js.
 * @returns the first reason not to compile the document, undefined if there is none
 */
export function findDeviation(document: DocumentNode): string | undefined {
  const operation = getOperationAST(document);
  if (!operation) return 'not exactly one operation';
  const optional = operation.variableDefinitions?.filter(
    ({ type, defaultValue }) => type.kind !== Kind.NON_NULL_TYPE && defaultValue?.kind !== Kind.NULL,
  );
  const optionalNames = new Set(optional?.map(({ variable }) => variable.name.value));
  let reason: string | undefined;
  visit(document, {
    enter(node) {
      reason = findReason(node, optionalNames);
      return reason === undefined ? undefined : BREAK;
    },
  });
  return reason;
}

function findReason(node: ASTNode, optionalNames: Set<string>): string | undefined {
  switch (node.kind) {
    case Kind.NAME:
      if (node.value === '__typename') return undefined;
      // graphql-jit looks names up in objects with a prototype.
      if (node.value in Object.prototype) return 'a name that every object has';
      return node.value.startsWith('__') ? 'introspection' : undefined;
    case Kind.OBJECT_FIELD: {
      // There graphql-jit reads a variable that is left out as null, and accepts a null that the field refuses.
      const { value } = node;
      const isOptional = value.kind === Kind.VARIABLE && optionalNames.has(value.name.value);
      return isOptional ? 'an optional variable inside an object' : undefined;
    }
    case Kind.FIELD:
    case Kind.FRAGMENT_SPREAD:
    case Kind.INLINE_FRAGMENT: {
      // Where selections of one field merge, graphql-jit overlooks the `@skip` or `@include` around one of them.
      const isLeaf = node.kind === Kind.FIELD && !node.selectionSet;
      return node.directives?.length && !isLeaf ? 'a directive around selections' : undefined;
    }
    default:
      return undefined;
  }
}
