import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, inject } from 'vitest';
import * as z from 'zod';

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>
  >;
}

/** The parts of an OpenAPI 3.1 document that the tests read. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** An answer as it came; `text` is its body. */
export interface RawAnswer {
  readonly method: string;
  readonly pathname: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const PROBLEM = { $ref: '#/components/schemas/Problem' };
const REFS = /#\/components\/schemas\//g;

let document: Promise<OpenApi> | undefined;

/** What the target says of itself, read once. */
export function openApi(): Promise<OpenApi> {
  document ??= readDocument();
  return document;
}

async function readDocument(): Promise<OpenApi> {
  const answer = await fetch(`${inject('target').baseUrl}/api/v1/openapi.json`);
  return (await answer.json()) as OpenApi;
}

/** Fails unless the answer is one that the target documents for the operation, down to every field. */
export async function checkAnswer(answer: RawAnswer): Promise<void> {
  const contract = await openApi();
  const operation = operationAt(contract, answer);
  if (operation?.responses[answer.status]) noteCall(operation);
  if (isGatewayRefusal(answer)) return;
  const documented = operation && (operation.responses[answer.status] ?? operation.responses.default);
  // An address that is none has no operation, but its refusal is a problem all the same.
  const content = documented ? (documented.content ?? {}) : { 'application/problem+json': { schema: PROBLEM } };
  const title = `${answer.method} ${answer.pathname} -> ${answer.status}`;
  if (Object.keys(content).length === 0) return expect(answer.text, title).toBe('');
  expect(Object.keys(content), title).toContain(answer.contentType);
  const schema = content[answer.contentType]?.schema;
  if (!schema) return;
  const checked = validatorOf(schema, contract).safeParse(JSON.parse(answer.text));
  expect(checked.error?.message, `${title}\n${answer.text}`).toBeUndefined();
  if (answer.status >= 400) expect(JSON.parse(answer.text), title).toMatchObject({ status: answer.status });
}

/** API Gateway answers these itself, without a function or in the place of one that failed, with `{"message"}`. */
function isGatewayRefusal({ status, contentType, text }: RawAnswer): boolean {
  return (
    [401, 413, 429, 502, 503].includes(status) &&
    contentType === 'application/json' &&
    /^\{"message":\s?"[^"]*"\}$/.test(text)
  );
}

/** An address as it is written goes before one with a parameter in its place (OpenAPI 3.1, "Path Templating Matching"). */
function operationAt({ paths }: OpenApi, { method, pathname }: RawAnswer): Operation | undefined {
  const segments = pathname.split('/');
  const fitting = Object.keys(paths).filter((template) => {
    const parts = template.split('/');
    return parts.length === segments.length && parts.every((part, at) => part.startsWith('{') || part === segments[at]);
  });
  const path = fitting.find((template) => template === pathname) ?? fitting[0];
  return path === undefined ? undefined : paths[path]?.[method.toLowerCase()];
}

const validators = new Map<object, z.ZodType>();

function validatorOf(schema: object, { components }: OpenApi): z.ZodType {
  const known = validators.get(schema);
  if (known) return known;
  const whole = JSON.stringify({ ...schema, $defs: components.schemas }).replace(REFS, '#/$defs/');
  const validator = z.fromJSONSchema(JSON.parse(whole) as JsonSchema);
  validators.set(schema, validator);
  return validator;
}

/** For the inventory in global-setup.ts: the operation did what it is for. A refusal does not count. */
function noteCall({ operationId }: Operation): void {
  appendFileSync(inject('callLog'), `${basename(expect.getState().testPath ?? '')}\t${operationId}\n`);
}
