/** What the files of one folder may import beside their own folder; the longest matching folder counts. */
export interface FolderRule {
  readonly folder: string;
  /** Folders of this project. */
  readonly folders: readonly string[];
  /** Packages of npm; `scope/*` stands for a whole scope. */
  readonly packages: readonly string[];
  /** Whether Node's own modules may be used. */
  readonly node: boolean;
}

const part = (name: string, folders: readonly string[], packages: readonly string[] = []): FolderRule => ({
  folder: `daemon/${name}`,
  folders: ['contract', 'daemon/base', ...folders.map((folder) => `daemon/${folder}`)],
  packages: ['typebox', ...packages],
  node: true,
});

const page = (folder: string): FolderRule => ({
  folder,
  folders: ['contract'],
  packages: ['preact'],
  node: false,
});

/** The import table of ARCHITECTURE.md. A folder that is not here may not hold sources. */
export const IMPORT_TABLE: readonly FolderRule[] = [
  { folder: 'contract', folders: [], packages: ['typebox'], node: false },
  {
    folder: 'cli',
    folders: ['contract'],
    packages: ['commander', '@inquirer/*', 'cli-progress', '@zxcvbn-ts/*', '@scure/bip39', 'typebox', 'uqr'],
    node: true,
  },
  {
    folder: 'helper',
    folders: ['contract'],
    packages: ['execa', '@zxcvbn-ts/*', '@scure/bip39', '@noble/ciphers', 'typebox'],
    node: true,
  },
  {
    folder: 'space',
    folders: ['contract'],
    packages: [
      'fastify',
      '@fastify/*',
      'ws',
      'better-sqlite3',
      '@smithy/signature-v4',
      '@aws-crypto/sha256-js',
      'pino',
      'typebox',
    ],
    node: true,
  },
  page('space/console'),
  { folder: 'daemon', folders: ['contract', 'daemon'], packages: ['typebox'], node: true },
  { folder: 'daemon/base', folders: ['contract'], packages: ['pino', 'typebox'], node: true },
  part('config', []),
  part('store', [], ['better-sqlite3']),
  part('events', ['store']),
  part('health', ['store', 'events']),
  part('plans', ['store', 'events']),
  part('jobs', ['store', 'events', 'health']),
  part('engine', []),
  part('usage', ['store', 'engine'], ['systeminformation']),
  part('backup', ['jobs', 'engine']),
  part('restore', ['jobs', 'engine']),
  part('snapshot-index', ['store', 'engine']),
  part('maintenance', ['jobs', 'engine']),
  part('recovery', ['engine', 'restore', 'store']),
  part('scheduler', ['plans', 'jobs', 'store'], ['node-cron', 'temporal-polyfill']),
  part('space-link', ['plans', 'jobs', 'store', 'events', 'health'], ['ws']),
  part(
    'local-api',
    ['plans', 'jobs', 'store', 'events', 'health', 'usage'],
    ['fastify', '@fastify/*', 'prom-client'],
  ),
  page('daemon/admin-page'),
  // Scripts run before the packages are there or build with them; tests look at everything.
  { folder: '.ci', folders: [], packages: [], node: true },
  { folder: 'scripts', folders: ['contract'], packages: ['esbuild', 'vite'], node: true },
];

/** Build configurations (`*.config.ts`) run in Node, whatever the folder they stand in may use. */
export const BUILD_CONFIG: Omit<FolderRule, 'folder'> = {
  folders: [],
  packages: ['vite'],
  node: true,
};

/** Modules of Node that only these folders may use. */
export const NODE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  child_process: ['helper', 'daemon/engine', 'cli', 'scripts'],
  // `import { env, exit } from 'node:process'` would pass by the linter's look at `process.env`.
  process: [],
  // `createRequire` would load what no gate can see. The build hands it to a program that it runs.
  module: ['scripts'],
  worker_threads: [],
  cluster: [],
};
