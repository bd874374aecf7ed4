import * as graphql from 'graphql';
import { mediaTypes } from './formats.ts';
import { operations, type Operation } from './operations.ts';

/** Describes the HTTP face in OpenAPI 3.1. The texts are those of the schema, found where the documents use it. */
export function createOpenApi(schema: graphql.GraphQLSchema): object {
  const paths: Record<string, object> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, schema) };
  }
  const session = graphql.assertObjectType(schema.getType('AISessionInfo'));
  const properties = Object.values(session.getFields()).map(({ name, type, description }) => {
    const { type: kind, ...rest } = jsonSchema(type);
    return [name, { ...rest, type: graphql.isNonNullType(type) ? kind : [kind, 'null'], description }];
  });
  return {
    openapi: '3.1.0',
    info: { title: 'AI Sessions', version: '1', description: 'AI sessions over plain HTTP. GraphQL is at /graphql.' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: {
        AISessionInfo: { type: 'object', description: session.description, properties: Object.fromEntries(properties) },
      },
    },
  };
}

function describeOperation(operation: Operation, schema: graphql.GraphQLSchema): object {
  const { name, method, path, flags = {} } = operation;
  const { description, inputs } = readDocument(operation, schema);
  for (const [flag, text] of Object.entries(flags))
    inputs.set(flag, { description: text, schema: { type: 'boolean' }, required: false });
  const inBody = method === 'POST' || method === 'PATCH';
  const parameters: object[] = [];
  const properties: Record<string, object> = {};
  for (const [input, { schema: type, description: text, required }] of inputs) {
    const inPath = path.includes(`:${input}`);
    if (inBody && !inPath) properties[input] = { ...type, description: text };
    else
      parameters.push({
        name: input,
        in: inPath ? 'path' : 'query',
        required,
        description: text,
        schema: type,
        ...(type.type === 'array' && { explode: false }),
      });
    if (input === 'idempotencyKey')
      parameters.push({ name: 'Idempotency-Key', in: 'header', description: text, schema: type });
  }
  const body = { type: 'object', properties };
  const bodyTypes = ['application/json', 'application/x-www-form-urlencoded', 'text/csv'];
  return {
    operationId: name,
    summary: description,
    parameters,
    ...(inBody && { requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, { schema: body }])) } }),
    responses: { ...describeSuccess(operation), default: describeFailure },
  };
}

const sessionSchema = { $ref: '#/components/schemas/AISessionInfo' };

function describeSuccess({ method, isList }: Operation): object {
  if (method === 'DELETE') return { 204: { description: 'Done.' } };
  const list = {
    type: 'object',
    properties: {
      items: { type: 'array', items: sessionSchema },
      totalCount: { type: 'integer' },
      totalPages: { type: 'integer' },
      hasMorePages: { type: 'boolean' },
    },
  };
  const json = { [mediaTypes.json]: { schema: isList ? list : sessionSchema } };
  const text = { schema: { type: 'string' } };
  return {
    200: { description: 'The answer.', content: { ...json, [mediaTypes.csv]: text, [mediaTypes.jsonl]: text } },
  };
}

const failureProperties = { errorCode: { type: 'string' }, message: { type: 'string' } };
const failure = {
  ...failureProperties,
  errors: {
    type: 'array',
    items: { type: 'object', properties: { ...failureProperties, fieldName: { type: 'string' } } },
  },
};
const describeFailure = {
  description: 'What went wrong, in JSON whatever was asked for.',
  content: {
    [mediaTypes.json]: {
      schema: { type: 'object', properties: { responseStatus: { type: 'object', properties: failure } } },
    },
  },
};

interface Input {
  description: string;
  schema: JsonSchema;
  required: boolean;
}

/** Finds the text of an operation's field, and of what each of its variables is used for. */
function readDocument({ document, names = {}, values = {} }: Operation, schema: graphql.GraphQLSchema) {
  const typeInfo = new graphql.TypeInfo(schema);
  const inputs = new Map<string, Input>();
  let description: string | null | undefined;
  const note = (
    value: graphql.ValueNode,
    input: graphql.GraphQLArgument | graphql.GraphQLInputField | null | undefined,
  ) => {
    if (value.kind !== graphql.Kind.VARIABLE || !input) return;
    const name = names[value.name.value] ?? value.name.value;
    const required = graphql.isRequiredArgument(input);
    if (name)
      inputs.set(name, { description: input.description ?? '', schema: jsonSchema(input.type, values), required });
  };
  graphql.visit(
    graphql.parse(document),
    graphql.visitWithTypeInfo(typeInfo, {
      Field: () => void (description ??= typeInfo.getFieldDef()?.description),
      Argument: ({ value }) => note(value, typeInfo.getArgument()),
      ObjectField({ name, value }) {
        const parent = graphql.getNamedType(typeInfo.getParentInputType());
        note(value, graphql.isInputObjectType(parent) ? parent.getFields()[name.value] : undefined);
      },
    }),
  );
  return { description, inputs };
}

interface JsonSchema {
  type: string;
  format?: string;
  enum?: string[];
  items?: JsonSchema;
}

function jsonSchema(type: graphql.GraphQLType, values: Record<string, string> = {}): JsonSchema {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable)) return { type: 'array', items: jsonSchema(nullable.ofType, values) };
  if (graphql.isEnumType(nullable)) {
    const words = Object.keys(values).filter((word) => nullable.getValue(values[word] ?? ''));
    return { type: 'string', enum: words };
  }
  const scalars: Record<string, JsonSchema> = {
    ID: { type: 'string', format: 'uuid' },
    DateTime: { type: 'string', format: 'date-time' },
    Int: { type: 'integer' },
  };
  return scalars[String(nullable)] ?? { type: 'string' };
}
