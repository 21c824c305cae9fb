import { describe, expect, test } from 'vitest';
import { AppError, cleanText, createApiClient, NewPlan, openApiDocument, parser, routes } from './index.ts';

describe('parser', () => {
  const plan = parser(NewPlan);
  test('names an unknown field', () => {
    expect(() => plan.parse({ name: 'a', paths: ['/x'], hook: 'rm' }, 'plan')).toThrow(
      /unknown field "hook"/,
    );
  });
  test('names a missing field', () => {
    expect(() => plan.parse({ name: 'a' }, 'plan')).toThrow(/lacks the field "paths"/);
  });
  test('names the field and value that is wrong', () => {
    expect(() => plan.parse({ name: 7, paths: ['/x'] }, 'plan')).toThrow(/"name" is 7/);
  });
});

test('text from outside can not drive a terminal or reorder what is read', () => {
  expect(cleanText('a\u001b]0;x\u0007\u202eb')).toBe('a\ufffd]0;x\ufffd\ufffdb');
});

test('the client fills the path, checks the answer and turns errors into AppErrors', async () => {
  const seen: string[] = [];
  const client = createApiClient({
    send: (request) => {
      seen.push(`${request.method} ${request.path}`);
      return Promise.resolve({
        status: 404,
        body: { error: { code: 'not_found', message: 'no plan "a/b"' } },
      });
    },
  });
  await expect(client.call('getPlan', { params: { plan: 'a/b' } })).rejects.toEqual(expect.any(AppError));
  expect(seen).toEqual(['GET /api/v1/plans/a%2Fb']);
});

test('every route is in the OpenAPI document', () => {
  const document = JSON.stringify(openApiDocument('1'));
  for (const name of Object.keys(routes)) expect(document).toContain(`"operationId":"${name}"`);
});
