import { Environment, Network, RecordSource, Store, type GraphQLResponse } from 'relay-runtime';
import { authorization, type Connection } from '../client';
import { retryCreation } from '../retry';

/** An answer with errors. */
export class AnswerError extends Error {
  readonly code: unknown;
  constructor({ message, extensions }: { message: string; extensions?: { code?: unknown } }) {
    super(message);
    this.code = extensions?.code;
  }
}

export const isAnswer = (error: unknown): error is AnswerError => error instanceof AnswerError;

/** Relay hands a query's errors on only where they are thrown here. */
export const makeEnvironment = ({ url, token, fetch, isTrusted }: Connection): Environment =>
  new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(({ id, text }, variables) => {
      const send = async (): Promise<GraphQLResponse> => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...authorization(token) },
          body: JSON.stringify(isTrusted ? { documentId: id, variables } : { query: text, variables }),
        });
        const answer = await response.json();
        if (answer.errors) throw new AnswerError(answer.errors[0]);
        return answer;
      };
      return retryCreation(variables['input'] ?? {}, send, isAnswer);
    }),
  });
