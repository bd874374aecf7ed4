import { send } from './rest-request.ts';
import type { TestServer } from './test-server.ts';

export interface Described {
  description?: string;
}

interface Parameter extends Described {
  name: string;
  in: string;
  required: boolean;
  schema: { type: string; enum?: string[] };
}

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: {
    content: Record<
      string,
      { schema: { properties: Record<string, Described & { type: unknown }>; required: string[] } }
    >;
  };
  responses: Record<string, Described & { content?: object }>;
}

export interface OpenApi {
  openapi: string;
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
  servers: object[];
  components: {
    schemas: Record<'AISessionInfo' | 'AccountInfo', { properties: Record<string, Described>; required: string[] }>;
  };
}

/** Reads the document as a client without a token does. */
export async function readOpenApi(server: TestServer): Promise<OpenApi> {
  return JSON.parse((await send(server, 'GET', '/openapi.json', { token: null })).text);
}

export const operationsOf = ({ paths }: OpenApi): Operation[] => Object.values(paths).flatMap(Object.values);

/** The operation that goes by this name. */
export function operationOf(document: OpenApi, name: string): Operation {
  const operation = operationsOf(document).find(({ operationId }) => operationId === name);
  if (!operation) throw new Error(`${name} is not described`);
  return operation;
}

export const parameterOf = (document: OpenApi, operation: string, name: string) =>
  operationOf(document, operation).parameters.find((parameter) => parameter.name === name);
