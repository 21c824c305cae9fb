import { defineConfig, type Plugin } from 'vite';
import project from '../../package.json' with { type: 'json' };

/**
 * The page's Content-Security-Policy forbids `eval`, which the schema compiler tries. The page checks answers with the
 * same library's interpreter instead, which is also the smaller part of it.
 */
const schemasWithoutEval = (): Plugin => ({
  name: 'schemas-without-eval',
  enforce: 'pre',
  resolveId: (id, importer) =>
    id === 'typebox/schema' && importer?.endsWith('/contract/schema.ts') ? '\0schemas-without-eval' : null,
  load: (id) =>
    id === '\0schemas-without-eval'
      ? `import { Check, Errors } from 'typebox/schema';
         export { Check, Errors };
         export const Compile = (schema) => ({
           Check: (value) => Check(schema, value),
           Errors: (value) => Errors(schema, value),
         });`
      : null,
});

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: false,
  define: { PAGE_VERSION: JSON.stringify(project.version) },
  plugins: [schemasWithoutEval()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/admin-page',
    emptyOutDir: true,
    assetsDir: 'assets',
    // The policy allows neither data: addresses nor the script that a preload polyfill would inject.
    assetsInlineLimit: 0,
    modulePreload: false,
    target: 'es2022',
    reportCompressedSize: false,
  },
});
