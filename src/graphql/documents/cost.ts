import { Kind, valueFromASTUntyped } from 'graphql';
import type { ArgumentNode, DocumentNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { defaultPageSize, maximumPageSize } from '../../domain/validation.ts';

/** The maximum cost of an operation. Ten pages of 100 sessions with all fields, and their accounts', cost 28,000. */
const maximumCost = 30_000;
/** What an item of a list costs before its fields, each of which costs 1. */
const itemCost = 10;
/** How many items the lists of introspection have on average. The introspection of tools costs 12,000. */
const introspected = new Map([
  ['types', 40],
  ['fields', 3],
  ['directives', 5],
]);

/**
 * Adds up what an operation asks for: for each item of a list, its fields. Lists inside lists multiply.
 * @param document is valid
 * @param variables as graphql-js coerced them: they hold the sizes of pages
 */
export function measureCost(
  { definitions }: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  variables: Record<string, unknown>,
): number {
  const fragments = definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  let cost = 0;

  function readSize({ name, value }: ArgumentNode): number {
    const size = name.value === 'first' || name.value === 'last' ? valueFromASTUntyped(value, variables) : 0;
    return typeof size === 'number' ? size : 0;
  }

  /** @param pageSize how many items `edges` has here */
  function visit({ selections }: SelectionSetNode, times: number, pageSize: number): void {
    for (const selection of selections) {
      // Fragments in fragments may multiply without end.
      if (isTooCostly(cost)) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, times, pageSize);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.find(({ name }) => name.value === selection.name.value);
        if (fragment) visit(fragment.selectionSet, times, pageSize);
      } else if (selection.selectionSet) {
        const name = selection.name.value;
        const items = name === 'edges' ? pageSize : introspected.get(name);
        if (items !== undefined) cost += times * items * itemCost;
        const size = Math.max(0, ...(selection.arguments ?? []).map(readSize)) || defaultPageSize;
        visit(selection.selectionSet, times * (items ?? 1), Math.min(size, maximumPageSize));
      } else cost += times;
    }
  }

  visit(selectionSet, 1, 0);
  return cost;
}

export function isTooCostly(cost: number): boolean {
  return cost > maximumCost;
}

/** Says why an operation is too costly. */
export const costRule = `This operation costs more than ${maximumCost.toLocaleString('en')}: each item of a list costs \
${itemCost}, and each of its fields 1. Ask for fewer items or fields.`;
