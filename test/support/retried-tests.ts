import type { Reporter, TestCase } from 'vitest/node';

/** Ends a run with a line for each test that needed to be tried again, and why: a retry hides nothing. */
export class RetriedTests implements Reporter {
  readonly #lines: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const retries = test.diagnostic()?.retryCount ?? 0;
    if (retries === 0) return;
    const [reason = ''] = test.result().errors?.[0]?.message.split('\n') ?? [];
    this.#lines.push(`tried again ${retries}×: ${test.module.relativeModuleId} > ${test.fullName}: ${reason}`);
  }

  onTestRunEnd(): void {
    // oxlint-disable-next-line no-console -- this is the output of the run
    for (const line of this.#lines) console.log(line);
  }
}
