import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAdministrator, refusal } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { badInput, CodedError } from '../errors.ts';
import { answerError, prefixItem, renameField } from './errors.ts';
import { longestList, type Fields } from './lists.ts';
import type { Operation } from './operations.ts';
import { readCall, type Call, type Item } from './request.ts';
import { writeResult } from './response.ts';

/**
 * Makes the handler of the REST API. Each request runs a GraphQL operation, so its rules and checks are the schema's.
 * @param signIn sets the viewer of the context
 * @param executeGraphQL runs an operation for the viewer of the context
 * @param isOpen whether strangers may explore the API
 */
export function createRestApi(
  signIn: (authorization: string | undefined, context: Context) => Promise<void>,
  executeGraphQL: (params: { query: string; variables: Fields }, context: Context) => Promise<ExecutionResult>,
  isOpen: boolean,
) {
  async function runCall({ operation, items, takesItems }: Call, context: Context): Promise<unknown> {
    const results: unknown[] = [];
    for (const [index, item] of items.entries()) {
      try {
        results.push(await runItem(operation, item, takesItems, context));
      } catch (error) {
        throw takesItems ? prefixItem(error, index) : error;
      }
    }
    const [first] = results;
    const isEmpty = results.length > 0 && first === undefined;
    return takesItems && !isEmpty ? results : first;
  }

  async function runItem(operation: Operation, item: Item, takesItems: boolean, context: Context): Promise<unknown> {
    const execute = async (variables: Fields) => {
      const result = await executeGraphQL({ query: operation.document, variables }, context);
      if (result.errors?.[0]) throw renameField(result.errors[0], operation);
      return result.data ?? {};
    };
    const { variables, flags } = item;
    if (flags['all'] && takesItems) throw badInput('all', '"all" answers one list alone: send it without [].');
    if (flags['all']) {
      context.takeStream();
      context.itemsLeft = longestList;
    }
    const answer = operation.answer ?? (async () => Object.values(await execute(variables))[0]);
    const value = await answer(execute, variables, flags);
    if (value !== null) return value;
    throw renameField(new CodedError('NOT_FOUND', 'Nothing has this "id".', { field: 'id' }), operation);
  }

  return async (request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> => {
    response.appendHeader('Vary', 'Accept');
    try {
      await signIn(request.headers.authorization, context);
      // The router tells the names of operations.
      if (!isOpen && !isAdministrator(context.viewer)) throw refusal(context.viewer);
      const call = await readCall(request, context);
      const result = await runCall(call, context);
      await writeResult(result, call.operation, call.format, response);
    } catch (error) {
      answerError(error, response, context);
    }
  };
}
