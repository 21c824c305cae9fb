// The two web pages, each with its own Vite configuration.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** One promise for each page. */
export function buildPages(root, pages) {
  return Object.entries(pages).map(([name, folder]) => buildPage({ root, name, folder }));
}

async function buildPage({ root, name, folder }) {
  const configFile = join(root, folder, 'vite.config.ts');
  if (!existsSync(configFile))
    throw new Error(`${folder}/vite.config.ts is missing: ${name} cannot be built`);
  // Loaded here: Vite is the slowest import of the build.
  const { build } = await import('vite');
  await build({
    root: join(root, folder),
    configFile,
    logLevel: 'warn',
    build: { outDir: join(root, 'dist', name), emptyOutDir: true },
  });
}
