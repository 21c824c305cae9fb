import { AppError } from '../../contract/index.ts';

/** Where verify() and the restore job of a request without a plan meet: the job opens the channel, verify() hands it on. */
export interface TypedDesk {
  /** @returns when the job's helper listens; rejects when the job ended before */
  expect(requestId: string, channelPath: string): Promise<void>;
  pathOf(requestId: string): string | undefined;
  ready(requestId: string): void;
  refuse(requestId: string, error: unknown): void;
  /** The job is over: the path is of no more use. */
  forget(requestId: string): void;
}

export function createTypedDesk(): TypedDesk {
  const entries = new Map<string, { path: string; ready: () => void; refuse: (error: unknown) => void }>();
  return {
    expect: async (requestId, path) =>
      await new Promise((resolve, reject) => {
        if (entries.has(requestId)) {
          reject(new AppError('conflict', 'another terminal is asked for this password already'));
          return;
        }
        entries.set(requestId, { path, ready: resolve, refuse: reject });
      }),
    pathOf: (requestId) => entries.get(requestId)?.path,
    ready: (requestId) => entries.get(requestId)?.ready(),
    refuse: (requestId, error) => {
      entries.get(requestId)?.refuse(error);
      entries.delete(requestId);
    },
    forget: (requestId) => void entries.delete(requestId),
  };
}
