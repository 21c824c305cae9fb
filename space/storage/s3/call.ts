import type { ServerResponse } from 'node:http';
import type { ObjectStore } from '../disk/object-store.ts';
import type { RequestBody } from './body.ts';
import type { S3Request } from './request.ts';
import type { Identity } from './signature.ts';

/** What the operations need of the Space around them. */
export interface EndpointConfig {
  bucket: string;
  region: string;
  clock: () => number;
  random: (bytes: number) => Buffer;
  /** Bytes an account may store, asked at each write; 0 for an account that is not known. */
  quotaBytes: (accountId: string) => number;
  /** Unfinished multipart uploads an account may have. Each is a row that costs no quota; restic has a handful. Default 1,000. */
  maxUploads?: number | undefined;
}

/** One authenticated request on its way through an operation. */
export interface Call {
  request: S3Request;
  response: ServerResponse;
  identity: Identity;
  store: ObjectStore;
  config: EndpointConfig;
  /** Opens the body, once; faults of tests are already wrapped around it. */
  openBody: () => RequestBody;
  /** For faults of tests: told of every byte of an answer's body, may end the connection. */
  onSent: (bytes: number) => void;
}

export type Operation = (call: Call) => Promise<void> | void;
