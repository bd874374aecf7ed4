import { vi } from 'vitest';

/** Stops the clock that tokens are checked by. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] });
}

export function passSeconds(seconds: number): void {
  vi.advanceTimersByTime(seconds * 1000);
}

export function startClock(): void {
  vi.useRealTimers();
}
