import { expect, test } from 'vitest';
import type { AgentEvent, Usage } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { watchUsage } from './watch-usage.ts';

test('measures at the start and after every snapshot, and not for other events', () => {
  const log: AgentEvent[] = [];
  let tell: (newest: number) => void = () => undefined;
  let measured = 0;
  const watch = watchUsage({
    usage: { get: () => Promise.resolve((measured++, {} as Usage)) },
    store: {
      events: { newestSeq: () => log.length, after: (seq, limit) => log.slice(seq, seq + limit) },
      onAppended: (listener) => {
        tell = listener;
        return () => (tell = () => undefined);
      },
    },
    log: silentLog,
  });
  const append = (kind: string): void => {
    log.push({ seq: log.length + 1, at: 1, kind, body: {} } as unknown as AgentEvent);
    tell(log.length);
  };
  expect(measured).toBe(1);
  append('notice');
  expect(measured).toBe(1);
  append('snapshot.recorded');
  expect(measured).toBe(2);
  watch.stop();
  append('snapshot.recorded');
  expect(measured).toBe(2);
});
