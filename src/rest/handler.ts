import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAdministrator, refusal } from '../auth/viewer.ts';
import type { Context, SignIn } from '../context.ts';
import { writeError } from './errors.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, context: Context) => Promise<void>;

/**
 * Makes a handler that signs in before it answers, and writes the errors of both.
 * @param signIn sets the viewer of the context
 * @param isOpen whether others than administrators may explore the API
 */
export function createHandler(signIn: SignIn, isOpen: boolean, answer: Handler): Handler {
  return async (request, response, context) => {
    response.appendHeader('Vary', 'Accept');
    try {
      await signIn(request.headers.authorization, context);
      if (!isOpen && !isAdministrator(context.viewer)) throw refusal(context.viewer);
      await answer(request, response, context);
    } catch (error) {
      writeError(error, response, context);
    }
  };
}
