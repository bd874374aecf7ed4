import type { Logger as StatementLogger } from 'drizzle-orm';
import type { Logger } from '../../log.ts';

/** How long a statement may take before it is warned of, in milliseconds. */
const slowMs = 1000;
/** How many characters of a statement tell which one it is. */
const shownLength = 1000;

/** Watches the statements of one connection, which run one after the other. */
export interface StatementWatch extends StatementLogger {
  /** Notes that the last statement has ended. */
  end: () => void;
}

/** Warns of slow statements by their text, which holds no parameters. */
export function watchStatements(logger: StatementLogger, log: Logger): StatementWatch {
  let statement: string | undefined;
  let sentAt = 0;

  function end(): void {
    const durationMs = Math.round(performance.now() - sentAt);
    if (statement !== undefined && durationMs >= slowMs) {
      log.warn({ durationMs, statement: statement.slice(0, shownLength) }, 'slow statement');
    }
    statement = undefined;
  }

  return {
    logQuery(query, parameters) {
      end();
      [statement, sentAt] = [query, performance.now()];
      logger.logQuery(query, parameters);
    },
    end,
  };
}
