import { ApolloLink, CombinedGraphQLErrors } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import type { GraphQLFormattedError } from 'graphql';
import { map } from 'rxjs';

const isBusy = ({ extensions }: GraphQLFormattedError) => extensions?.['code'] === 'SERVICE_UNAVAILABLE';

// RetryLink retries what is thrown, but a busy server responds with status 200.
const throwBusy = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      if (result.errors?.some(isBusy)) throw new CombinedGraphQLErrors(result);
      return result;
    }),
  ),
);

const retry = new RetryLink({
  delay: (count, _operation, error) => {
    const busy = CombinedGraphQLErrors.is(error) ? error.errors.find(isBusy) : undefined;
    const seconds = busy ? Number(busy.extensions?.['retryAfter']) : 0.3 * 2 ** count;
    return 1000 * seconds * (1 + Math.random());
  },
  attempts: (count, { operationType, variables }) =>
    count < 5 && (operationType === 'query' || Boolean(variables['input']?.idempotencyKey)),
});

export const retryLink = ApolloLink.from([retry, throwBusy]);
