import { routes } from './routes/index.ts';
import type { Route } from './routes/route.ts';
import { API_PREFIX } from './routes/index.ts';

/** The OpenAPI 3.1 document of the local API, derived from the route table. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, definition] of Object.entries<Route>(routes)) {
    const path = API_PREFIX + definition.path.replace(/:([a-z]+)/g, '{$1}');
    (paths[path] ??= {})[definition.method.toLowerCase()] = operation(name, definition);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Olares backup agent, local API', version },
    paths,
  };
}

function operation(name: string, definition: Route): Record<string, unknown> {
  return {
    operationId: name,
    summary: definition.summary,
    'x-permission': definition.permission,
    parameters: [...parameters('path', definition.params), ...parameters('query', definition.query)],
    ...(definition.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: definition.body } } } }
      : {}),
    responses: {
      [definition.status]: {
        description: 'done',
        ...(definition.status === 204
          ? {}
          : { content: { 'application/json': { schema: definition.response } } }),
      },
      default: { description: 'error: {error: {code, message, hint, field}}' },
    },
  };
}

function parameters(place: 'path' | 'query', schema: Route['params']): object[] {
  const properties = (schema as { properties?: Record<string, object> } | undefined)?.properties ?? {};
  const required = new Set((schema as { required?: string[] } | undefined)?.required ?? []);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: property,
  }));
}
