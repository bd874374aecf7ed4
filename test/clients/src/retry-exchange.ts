import { retryExchange } from '@urql/exchange-retry';

export const retry = retryExchange({
  initialDelayMs: 2000,
  maxNumberAttempts: 5,
  // A busy server responds with status 200.
  retryIf: ({ networkError, graphQLErrors }, { kind, variables }) =>
    (Boolean(networkError) || graphQLErrors.some(({ extensions }) => extensions['code'] === 'SERVICE_UNAVAILABLE')) &&
    (kind === 'query' || Boolean(variables?.input?.idempotencyKey)),
});
