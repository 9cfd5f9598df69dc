import { describe, expect, it } from 'vitest';
import { api } from './client.ts';
import { openApi } from './contract.ts';
import { newId } from './people.ts';

describe('the service', () => {
  it('says that it answers, and that what it stands on answers', async () => {
    expect(await api('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await api('GET', '/health/ready')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });
});

describe('the contract that is served', async () => {
  const { openapi, info, paths, components } = await openApi();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
  );

  it('is OpenAPI 3.1', async () => {
    expect(await api('GET', '/openapi.json')).toMatchObject({ status: 200, body: { openapi } });
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it('describes every part of a path, and every answer', () => {
    for (const { path, parameters = [], responses, operationId } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      expect(described, operationId).toEqual(named);
      expect(Object.keys(responses), operationId).toContain('default');
    }
  });

  it('refers to nothing that is not in it', () => {
    const text = JSON.stringify({ paths, components });
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference);
    const known = Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(known).toEqual(expect.arrayContaining([...new Set(references)]));
  });

  it.each(operations)('is kept: $method $path is there, and asks for a token if it says so', async (operation) => {
    const { method, path, security } = operation;
    const address = path.replace(/^.*?\/api\/v1/, '').replace(/\{\w+\}/g, newId('any'));
    const { status } = await api(method.toUpperCase(), address);
    expect(status === 401).toBe(security !== undefined);
    expect(status).toBeLessThan(405);
  });
});
