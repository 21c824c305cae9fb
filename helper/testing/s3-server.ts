import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openCountingServer, type CountingServer } from './counting-server.ts';

const BUCKET = 'bucket';

/** A directory repository as a bucket of S3, as far as restic asks for it. Any key opens it. */
export async function openS3Server(directory: string): Promise<CountingServer> {
  return await openCountingServer(
    (url) => `s3:${url}/${BUCKET}`,
    async ({ url, serve, say }) => {
      const key = decodeURIComponent(url.pathname).slice(`/${BUCKET}/`.length);
      if (url.searchParams.has('location')) return say('<LocationConstraint/>', 'application/xml');
      if (key === '') return say(listOf(directory, url.searchParams.get('prefix') ?? ''), 'application/xml');
      await serve(join(directory, key), key.startsWith('data/'));
    },
  );
}

function listOf(directory: string, prefix: string): string {
  const objects = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ key: path.slice(directory.length + 1), ...statSync(path) }))
    .filter(({ key }) => key.startsWith(prefix))
    .map(
      ({ key, size, mtime }) =>
        `<Contents><Key>${key}</Key><Size>${size}</Size><LastModified>${mtime.toISOString()}</LastModified><ETag>"none"</ETag></Contents>`,
    );
  return `<ListBucketResult><Name>${BUCKET}</Name><IsTruncated>false</IsTruncated>${objects.join('')}</ListBucketResult>`;
}
