import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAdministrator, refusal } from '../auth/viewer.ts';
import type { Context, SignIn } from '../context.ts';
import { badInput, CodedError } from '../errors.ts';
import { answerError, prefixItem, renameField } from './errors.ts';
import { isStreamed, longestList, type Fields } from './lists.ts';
import type { Operation } from './operations.ts';
import { fromTexts, readItems, readVariables } from './request.ts';
import { chooseFormat, mediaTypes, streamAnswer, writeAnswer } from './response.ts';
import { findRoute } from './router.ts';

/**
 * Makes the handler of the REST API. Each request runs a GraphQL operation, so its rules and checks are the schema's.
 * @param signIn sets the viewer of the context
 * @param executeGraphQL runs an operation for the viewer of the context
 * @param isOpen whether strangers may explore the API
 */
export function createRestApi(
  signIn: SignIn,
  executeGraphQL: (params: { query: string; variables: Fields }, context: Context) => Promise<ExecutionResult>,
  isOpen: boolean,
) {
  async function answerItem(operation: Operation, sources: Fields[], context: Context, takesItems: boolean) {
    const execute = async (variables: Fields) => {
      const result = await executeGraphQL({ query: operation.document, variables }, context);
      if (result.errors?.[0]) throw renameField(result.errors[0], operation);
      return result.data ?? {};
    };
    const { variables, flags } = readVariables(operation, sources);
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

  async function answerRequest(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
    await signIn(request.headers.authorization, context);
    // The router tells the names of operations.
    if (!isOpen && !isAdministrator(context.viewer)) throw refusal(context.viewer);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const { operation, pathFields, suffix, takesItems } = findRoute(request.method ?? '', pathname);
    const [, asked] = [...searchParams].find(([name]) => name.toLowerCase() === 'format') ?? [];
    const format = chooseFormat(suffix ?? asked, request);
    // All operations need a viewer: refuse strangers before they send a body.
    if (!context.viewer) throw refusal(null);
    const items = /^(POST|PATCH)$/.test(request.method ?? '') ? await readItems(context) : [{}];
    context.takePlace();
    if (!takesItems && items.length !== 1)
      throw new CodedError('BAD_USER_INPUT', 'Send one item, or add [] to the route.');
    const itemLimit = operation.isList ? 10 : 1000;
    if (items.length > itemLimit) throw new CodedError('BAD_USER_INPUT', `Send at most ${itemLimit} items.`);
    const key = request.headers['idempotency-key'];
    const answers: unknown[] = [];
    for (const [index, item] of items.entries()) {
      // Each item needs a key of its own, which a retry of the whole list makes again.
      const itemKey = takesItems ? hash('sha256', `${index} ${String(key)}`) : key;
      const sources = [fromTexts(searchParams), item, pathFields, key === undefined ? {} : { idempotencyKey: itemKey }];
      const answer = answerItem(operation, sources, context, takesItems);
      answers.push(
        await (takesItems ? answer.catch((error: unknown) => Promise.reject(prefixItem(error, index))) : answer),
      );
    }
    if (answers.length > 0 && answers[0] === undefined) return void response.writeHead(204).end();
    if (format === 'csv') response.setHeader('Content-Disposition', `attachment; filename="${operation.name}.csv"`);
    response.setHeader('Content-Type', `${mediaTypes[format]}; charset=utf-8`);
    const [answer] = answers;
    const { fields } = operation.entity;
    if (isStreamed(answer)) return streamAnswer(answer, format, fields, response);
    const body = writeAnswer(takesItems ? answers : answer, format, fields);
    response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
  }

  return async (request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> => {
    response.appendHeader('Vary', 'Accept');
    try {
      await answerRequest(request, response, context);
    } catch (error) {
      answerError(error, response, context);
    }
  };
}
