import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ApiPorts } from './ports.ts';

const KEEP_ALIVE_MS = 15_000;

/**
 * Server-sent events: numbered ones in order and without gap, progress between them as far as the reader keeps up.
 * A slow reader holds nothing in memory: its place is its number in the log.
 */
export async function streamEvents(
  response: ServerResponse,
  after: number,
  ports: Pick<ApiPorts, 'events' | 'jobs'>,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'keep-alive' });
  response.write('retry: 2000\n\n');
  const stopProgress = ports.jobs.onProgress((progress) => {
    if (!response.writableNeedDrain) response.write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`);
  });
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': alive\n\n');
  }, KEEP_ALIVE_MS);
  keepAlive.unref();
  try {
    for await (const event of ports.events.stream(after, gone.signal)) {
      const fits = response.write(`id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`);
      if (!fits) await once(response, 'drain', { signal: gone.signal });
    }
  } catch (error) {
    // The reader left while we waited for it; anything else is a fault of ours.
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(keepAlive);
    stopProgress();
    response.end();
  }
}
