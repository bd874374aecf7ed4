import type { ExecutionResult } from 'graphql';
import type { Context, SignIn } from '../context.ts';
import { badInput, CodedError } from '../errors.ts';
import { prefixItem, renameField } from './errors.ts';
import { readFields, type Fields } from './fields.ts';
import { createHandler } from './handler.ts';
import { readPage, streamList } from './lists.ts';
import { longestList, type Operation } from './operations.ts';
import { readCall, type Call } from './request.ts';
import { writeResult, type Result } from './response.ts';

/**
 * Makes the handler of the REST API. Each item of a request runs a GraphQL operation, under the rules of the schema.
 * @param signIn sets the viewer of the context
 * @param executeGraphQL runs an operation for the viewer of the context
 * @param isOpen whether anonymous clients may explore the API
 */
export function createRestApi(
  signIn: SignIn,
  executeGraphQL: (params: { query: string; variables: Fields }, context: Context) => Promise<ExecutionResult>,
  isOpen: boolean,
) {
  async function runCall({ operation, items, takesItems }: Call, context: Context): Promise<Result> {
    const results: Result[] = [];
    for (const sources of items) {
      try {
        const fields = readFields(operation, sources);
        if (takesItems && fields['all'] === true)
          throw badInput('all', '"all" returns a single list: send it without [].');
        results.push(await runItem(operation, fields, context));
      } catch (error) {
        throw takesItems ? prefixItem(error, sources.place) : error;
      }
    }
    const [first] = results;
    if (first && (!takesItems || first.kind === 'empty')) return first;
    const values = results.filter((result) => result.kind === 'value');
    return { kind: 'value', value: values.map(({ value }) => value), rows: values.flatMap(({ rows }) => rows) };
  }

  async function runItem(operation: Operation, fields: Fields, context: Context): Promise<Result> {
    const execute = async (variables: Fields) => {
      const { data, errors } = await executeGraphQL({ query: operation.document, variables }, context);
      if (errors?.[0]) throw renameField(errors[0], operation);
      return Object.values(data ?? {})[0];
    };
    if (operation.returns === 'list') {
      if (fields['all'] !== true) return readPage(execute, fields);
      context.admitStream();
      context.itemsLeft = longestList;
      return streamList(execute, fields);
    }
    const value = await execute(fields);
    if (operation.returns === 'nothing') return { kind: 'empty' };
    if (value !== null) return { kind: 'value', value, rows: [value] };
    throw renameField(new CodedError('NOT_FOUND', 'No object has this "id".', { field: 'id' }), operation);
  }

  // The router's errors name the operations, so they are for those who may explore the API.
  return createHandler(signIn, isOpen, async (request, response, context) => {
    const call = await readCall(request, context);
    await writeResult(await runCall(call, context), call.operation, call.format, response);
  });
}
