import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configSchema } from './config-schema.ts';

test('the published schema of the settings is the one that is checked', async () => {
  const published = new URL('../../docs/config.schema.json', import.meta.url);
  const current = `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...configSchema }, null, 2)}\n`;
  await expect(current).toMatchFileSnapshot(published.pathname);
  expect(JSON.parse(readFileSync(published, 'utf8'))).toMatchObject({ additionalProperties: false });
});
