import type { Reporter, TestModule } from 'vitest/node';

/** Prints a table: the client, what it did, and whether that went well. */
export default class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message: string; stack?: string }[]): void {
    const rows: string[][] = [];
    const faults: string[] = errors.map(({ message, stack }) => stack ?? message);
    for (const testModule of modules) {
      for (const suite of [testModule, ...testModule.children.allSuites()])
        faults.push(...suite.errors().map(({ message, stack }) => `${message}\n${stack}`));
      for (const test of testModule.children.allTests()) {
        const { state, errors: reasons } = test.result();
        const suite = test.parent.type === 'suite' ? test.parent.name : testModule.moduleId;
        rows.push([suite, test.name, state === 'passed' ? 'ok' : (reasons?.[0]?.message ?? state)]);
        faults.push(...(reasons ?? []).map(({ message, stack }) => `${test.fullName}: ${message}\n${stack}`));
      }
    }
    const byClient = rows.toSorted(([one = ''], [other = '']) => one.localeCompare(other));
    const table = [['client', 'what it did', 'result'], ...byClient];
    const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
    process.stdout.write(`\n${[...lines, ...faults].join('\n')}\n`);
  }
}
