import * as z from 'zod/mini';
import type { Operation } from './operations.ts';
import { ROUTES, type RouteEntry } from './routes.ts';
import { IdempotencyKey, Problem, Revision } from './schemas.ts';

type Json = Record<string, unknown>;

const REF = '#/components/schemas/';

/** The contract as an OpenAPI 3.1 document, made from the table of operations and the schemas alone. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const entry of ROUTES) {
    paths[entry.path] = { ...paths[entry.path], [entry.operation.method.toLowerCase()]: operationObject(entry) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Unified File Storage',
      version: '1',
      description: 'Upload tickets, avatars and attachments. Every refusal is an RFC 9457 problem with a stable code.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: components(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

/** Requests are described as they are sent (defaults may be left out), everything else as it is answered. */
function components(): Json {
  const uri = (id: string) => `${REF}${id}`;
  const asSent = z.toJSONSchema(z.globalRegistry, { io: 'input', uri }).schemas as Record<string, Json>;
  const asAnswered = z.toJSONSchema(z.globalRegistry, { io: 'output', uri }).schemas as Record<string, Json>;
  const names = Object.keys(asAnswered).sort();
  return Object.fromEntries(names.map((id) => [id, plain((id.endsWith('Request') ? asSent : asAnswered)[id] ?? {})]));
}

function operationObject({ operationId, operation, route }: RouteEntry): Json {
  const { fixed } = route;
  return {
    operationId: fixed ? `${operationId}Of${fixed.entityType === 'users' ? 'User' : 'Agent'}` : operationId,
    summary: operation.summary,
    description: `Callers: ${operation.callers}.`,
    ...(operation.group === 'api' && { security: [{ bearer: [] }] }),
    parameters: [
      ...parameters(operation.params, 'path', fixed),
      ...parameters(operation.query, 'query'),
      ...(operation.idempotent
        ? [{ name: 'Idempotency-Key', in: 'header', required: false, schema: inline(IdempotencyKey) }]
        : []),
      ...(operation.conditional ? [{ name: 'If-Match', in: 'header', required: false, schema: inline(Revision) }] : []),
    ],
    ...(operation.body && { requestBody: { required: true, content: requestContent(operation, operation.body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, answer]) => [status, response(answer)])),
      default: { description: 'a problem', content: { 'application/problem+json': { schema: reference(Problem) } } },
    },
  };
}

function parameters(schema: z.ZodMiniType | undefined, where: 'path' | 'query', fixed: object = {}): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = inline(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties)
    .filter(([name]) => !(name in fixed))
    .map(([name, property]) => ({ name, in: where, required: required.includes(name), schema: property }));
}

function requestContent({ bodyTypes = [] }: Operation, body: z.ZodMiniType): Json {
  const form = {
    type: 'object',
    properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
  };
  return {
    'application/json': { schema: reference(body) },
    ...Object.fromEntries(bodyTypes.map((type) => [type, type.startsWith('multipart/') ? { schema: form } : {}])),
  };
}

function response(answer: z.ZodMiniType | string): Json {
  if (typeof answer !== 'string') {
    return { description: 'done', content: { 'application/json': { schema: reference(answer) } } };
  }
  return answer.includes('/') ? { description: answer, content: { [answer]: {} } } : { description: answer };
}

/** A named schema by its name; a choice of named schemas as that choice. */
function reference(schema: z.core.$ZodType): Json {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: `${REF}${id}` };
  const { def } = schema._zod as { def: { type: string; options?: readonly z.core.$ZodType[] } };
  if (def.type === 'union' && def.options) return { oneOf: def.options.map(reference) };
  throw new Error('a body schema without a name');
}

function inline(schema: z.ZodMiniType): Json {
  return plain(z.toJSONSchema(schema, { io: 'input' }) as Json);
}

/** Without the members that only a document of its own needs. */
function plain({ $schema, $id, id, ...schema }: Json): Json {
  return schema;
}
