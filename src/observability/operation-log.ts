import { getOperationAST, type OperationDefinitionNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { LogFields } from './log.ts';
import { describeOperation } from './traces.ts';

interface LoggedRequest {
  logFields: LogFields;
}

/** Notes the type and the name of an operation for the log line of its request, and for its trace. */
export function logOperation({ logFields }: LoggedRequest, { operation, name }: OperationDefinitionNode): void {
  logFields.operation = `${operation} ${name?.value ?? ''}`.slice(0, 100).trim();
  describeOperation(operation, name?.value);
}

export function useOperationLog(): Plugin<LoggedRequest, LoggedRequest> {
  return {
    onExecute({ args: { document, operationName }, context }) {
      const operation = getOperationAST(document, operationName);
      if (operation) logOperation(context, operation);
    },
  };
}
