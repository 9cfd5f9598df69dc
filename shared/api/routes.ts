import { BASE_PATH, type Method, OPERATIONS, type Operation, type OperationId, type Route } from './operations.ts';

/** API Gateway's name of a route: `GET /api/v1/users/{id}/avatar`. */
export type RouteKey = `${Method} ${string}`;

export interface RouteEntry {
  readonly routeKey: RouteKey;
  readonly operationId: OperationId;
  readonly operation: Operation;
  readonly route: Route;
  /** With the base path: `/api/v1/users/{id}/avatar`. */
  readonly path: string;
}

/** Every route of the contract. */
export const ROUTES: readonly RouteEntry[] = (Object.entries(OPERATIONS) as [OperationId, Operation][]).flatMap(
  ([operationId, operation]) =>
    operation.routes.map((route) => {
      const path = `${BASE_PATH}${route.path}`;
      return { routeKey: `${operation.method} ${path}` as const, operationId, operation, route, path };
    }),
);

const BY_ROUTE_KEY = new Map<string, RouteEntry>(ROUTES.map((entry) => [entry.routeKey, entry]));

/** The route of an API Gateway event's `routeKey`; undefined for `$default`. */
export function routeOf(routeKey: string): RouteEntry | undefined {
  return BY_ROUTE_KEY.get(routeKey);
}

/**
 * The routes whose path fits a request's raw path, with the path parameters decoded. Empty for an unknown path. A
 * parameter is one segment that is not empty; a malformed escape fits nothing.
 */
export function routesAt(rawPath: string): { entry: RouteEntry; pathParameters: Record<string, string> }[] {
  const segments = rawPath.split('/');
  return ROUTES.flatMap((entry) => {
    const pathParameters = matchSegments(entry.path.split('/'), segments);
    return pathParameters ? [{ entry, pathParameters }] : [];
  });
}

function matchSegments(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== segment) return undefined;
      continue;
    }
    const value = decodeSegment(segment);
    if (value === undefined || value === '') return undefined;
    parameters[name] = value;
  }
  return parameters;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
