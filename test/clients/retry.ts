import { setTimeout } from 'node:timers/promises';

/**
 * Sends a creation again when no answer came, if it has an `idempotencyKey`: without one, it might be carried out twice.
 * @param isAnswer whether an error is the server's answer
 */
export async function retryCreation<T>(
  { idempotencyKey }: { idempotencyKey?: string },
  send: () => Promise<T>,
  isAnswer: (error: unknown) => boolean,
): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await send();
    } catch (error) {
      if (!idempotencyKey || count === 5 || isAnswer(error)) throw error;
      await setTimeout(300 * 2 ** count * Math.random());
    }
  }
}
