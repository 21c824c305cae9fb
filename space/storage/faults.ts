/** What a test wants to happen to one request instead of, or before, the true answer. */
export type StorageFault =
  | { delayMs: number }
  | { status: number; code: string; message?: string }
  /** Cut the connection after so many bytes of the request's or the answer's body. */
  | { dropAfterBytes: number };

/** The request as far as a fault may choose by it. `operation` is the S3 action, for instance `PutObject`. */
export interface FaultSubject {
  operation: string;
  key: string;
  method: string;
}

/** Knobs for tests; a Space that people use has none. */
export interface StorageFaults {
  /** Called once per request, before it is authenticated; `undefined` lets it pass. */
  before?(subject: FaultSubject): StorageFault | undefined;
}
