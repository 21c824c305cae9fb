// The two web pages, each with its own Vite configuration.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export async function buildPages(root, pages) {
  // Loaded here: Vite is the slowest import of the build.
  const { build } = await import('vite');
  for (const [name, folder] of Object.entries(pages)) {
    const configFile = join(root, folder, 'vite.config.ts');
    if (!existsSync(configFile)) throw new Error(`${folder}/vite.config.ts is missing: the page cannot be built`);
    await build({
      root: join(root, folder),
      configFile,
      logLevel: 'warn',
      build: { outDir: join(root, 'dist', name), emptyOutDir: true },
    });
  }
}
