import { ClientError } from 'graphql-request';

/** Sends an operation again when no response came, or when the server was busy. */
export async function withRetries<Data>(send: () => Promise<Data>): Promise<Data> {
  for (let count = 1; ; count++) {
    try {
      return await send();
    } catch (error) {
      const seconds = error instanceof ClientError ? retryAfter(error) : 0.3 * 2 ** count;
      if (seconds === undefined || count === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds * (1 + Math.random())));
    }
  }
}

function retryAfter({ response }: ClientError): number | undefined {
  const busy = response.errors?.find(({ extensions }) => extensions['code'] === 'SERVICE_UNAVAILABLE');
  return busy && Number(busy.extensions['retryAfter']);
}
