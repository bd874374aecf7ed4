import * as graphql from 'graphql';
import { mediaTypes } from './formats.ts';
import { operations, type Operation } from './operations.ts';

interface Input {
  name: string;
  description: string;
  required: boolean;
  schema: object;
}

/** Describes the HTTP face in OpenAPI 3.1. The texts are those of the schema, found where the documents use it. */
export function createOpenApi(schema: graphql.GraphQLSchema): object {
  const paths: Record<string, object> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, schema) };
  }
  const session = graphql.assertObjectType(schema.getType('AISessionInfo'));
  const properties = Object.values(session.getFields()).map(({ name, type, description }) => {
    const [{ type: kind, ...rest }, isPresent] = [jsonSchema(type), graphql.isNonNullType(type)];
    return [name, { ...rest, type: isPresent ? kind : [kind, 'null'], description }];
  });
  const AISessionInfo = {
    type: 'object',
    description: session.description,
    properties: Object.fromEntries(properties),
  };
  return {
    openapi: '3.1.0',
    info: { title: 'AI Sessions', version: '1', description: 'AI sessions over plain HTTP. GraphQL is at /graphql.' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { AISessionInfo, AISessionList, Failure },
    },
  };
}

const text = { type: 'string' };
const number = { type: 'integer' };
const errors = {
  type: 'array',
  items: { type: 'object', properties: { errorCode: text, fieldName: text, message: text } },
};
const responseStatus = { type: 'object', properties: { errorCode: text, message: text, errors } };
const Failure = { type: 'object', properties: { responseStatus } };
const items = { type: 'array', items: { $ref: '#/components/schemas/AISessionInfo' } };
const list = { items, totalCount: number, totalPages: number, hasMorePages: { type: 'boolean' } };
const AISessionList = { type: 'object', properties: list };

function describeOperation(operation: Operation, schema: graphql.GraphQLSchema): object {
  const { name, method, path, isList = false } = operation;
  const { summary, inputs } = readDocument(operation, schema);
  const hasBody = method === 'POST' || method === 'PATCH';
  const inPath = (input: Input) => path.includes(`:${input.name}`);
  const parameters = inputs
    .filter((input) => !hasBody || inPath(input))
    .map((input) => {
      return { ...input, in: inPath(input) ? 'path' : 'query', explode: false };
    });
  const key = inputs.find((input) => input.name === 'idempotencyKey');
  const header = key ? [{ ...key, name: 'Idempotency-Key', in: 'header' }] : [];
  const fields = inputs
    .filter((input) => !inPath(input))
    .map((input) => [input.name, { ...input.schema, description: input.description }]);
  const body = { schema: { type: 'object', properties: Object.fromEntries(fields) } };
  const bodyTypes = ['application/json', 'application/x-www-form-urlencoded', 'text/csv'];
  const answer = { schema: { $ref: `#/components/schemas/${isList ? 'AISessionList' : 'AISessionInfo'}` } };
  const content = {
    [mediaTypes.json]: answer,
    [mediaTypes.csv]: { schema: text },
    [mediaTypes.jsonl]: { schema: text },
  };
  const failure = { [mediaTypes.json]: { schema: { $ref: '#/components/schemas/Failure' } } };
  return {
    operationId: name,
    summary,
    parameters: [...parameters, ...header],
    ...(hasBody && { requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, body])) } }),
    responses: {
      ...(method === 'DELETE' ? { 204: { description: 'Done.' } } : { 200: { description: 'The answer.', content } }),
      default: { description: 'What went wrong, in JSON whatever was asked for.', content: failure },
    },
  };
}

/** Finds the text of an operation's field, and of what each of its variables is used for. */
function readDocument({ document, names = {}, values = {}, flags = {} }: Operation, schema: graphql.GraphQLSchema) {
  const typeInfo = new graphql.TypeInfo(schema);
  const inputs: Input[] = [];
  let summary: string | null | undefined;
  const note = (
    value: graphql.ValueNode,
    input: graphql.GraphQLArgument | graphql.GraphQLInputField | null | undefined,
  ) => {
    const name = value.kind === graphql.Kind.VARIABLE && (names[value.name.value] ?? value.name.value);
    if (!name || !input) return;
    const required = graphql.isRequiredArgument(input);
    inputs.push({ name, description: input.description ?? '', required, schema: jsonSchema(input.type, values) });
  };
  const visitor = graphql.visitWithTypeInfo(typeInfo, {
    Field: () => void (summary ??= typeInfo.getFieldDef()?.description),
    Argument: ({ value }) => note(value, typeInfo.getArgument()),
    ObjectField({ name, value }) {
      const parent = graphql.getNamedType(typeInfo.getParentInputType());
      note(value, graphql.isInputObjectType(parent) ? parent.getFields()[name.value] : undefined);
    },
  });
  graphql.visit(graphql.parse(document), visitor);
  for (const [name, description] of Object.entries(flags)) {
    inputs.push({ name, description, required: false, schema: { type: 'boolean' } });
  }
  return { summary, inputs };
}

function jsonSchema(type: graphql.GraphQLType, values: Record<string, string> = {}): { type: string } {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable))
    return Object.assign({ type: 'array' }, { items: jsonSchema(nullable.ofType, values) });
  if (graphql.isEnumType(nullable)) {
    const words = Object.keys(values).filter((word) => nullable.getValue(values[word] ?? ''));
    return Object.assign({ type: 'string' }, { enum: words });
  }
  const formats = new Map([
    ['ID', 'uuid'],
    ['DateTime', 'date-time'],
  ]);
  const format = formats.get(String(nullable));
  return { type: String(nullable) === 'Int' ? 'integer' : 'string', ...(format && { format }) };
}
