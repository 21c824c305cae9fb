import { AppError } from '../../contract/errors.ts';

/** Message types of SFTP version 3 (draft-ietf-secsh-filexfer-02). */
export const TYPES = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  openDirectory: 11,
  readDirectory: 12,
  makeDirectory: 14,
  removeDirectory: 15,
  status: 101,
  handle: 102,
  data: 103,
  names: 104,
} as const;

export type Status = 'ok' | 'end' | 'missing' | 'denied' | 'failed';

export interface Packet {
  readonly type: number;
  /** What follows the type: number of the question, then the content. */
  readonly body: Buffer;
  /** Only of a status. */
  readonly status: Status | undefined;
}

/** A number is 32 bits, text and bytes come with their length. */
export type Part = number | string | Buffer;

const STATUS: readonly Status[] = ['ok', 'end', 'missing', 'denied'];
const LARGEST = 1024 * 1024;

export function writePacket(type: number, parts: readonly Part[]): Buffer {
  const body = Buffer.concat([Buffer.from([type]), ...parts.flatMap(encode)]);
  return Buffer.concat([number(body.length), body]);
}

/**
 * @returns the first whole packet and what follows it; undefined while it is not whole
 * @throws AppError `unreachable` when it cannot be one
 */
export function readPacket(bytes: Buffer): { packet: Packet; rest: Buffer<ArrayBuffer> } | undefined {
  if (bytes.length < 5) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length < 1 || length > LARGEST) throw noSftp();
  if (bytes.length < 4 + length) return undefined;
  const type = bytes.readUInt8(4);
  const body = Buffer.from(bytes.subarray(5, 4 + length));
  const status = type === TYPES.status ? (STATUS[body.readUInt32BE(4)] ?? 'failed') : undefined;
  return { packet: { type, body, status }, rest: Buffer.from(bytes.subarray(4 + length)) };
}

/** What the server said instead of what was asked for. */
export function sftpError({ status }: Packet): AppError {
  if (status === 'denied') {
    return new AppError('refused', 'the SSH host denies access to the directory', {
      hint: 'check who owns the directory of the location there, and its rights',
      retry: 'after_action',
    });
  }
  if (status === 'missing') {
    return new AppError('refused', 'a directory of the location does not exist on the SSH host', {
      hint: 'make it there, or correct the path',
      retry: 'after_action',
    });
  }
  return status === undefined ? noSftp() : serverFault();
}

const serverFault = () =>
  new AppError('refused', 'the SSH host cannot do what is needed in the directory of the location', {
    hint: 'look whether its disk is full, read only or damaged',
    retry: 'backoff',
  });

const noSftp = () =>
  new AppError('unreachable', 'the SSH host answers something that is no SFTP', {
    hint: 'its login shell may print text: nothing may be printed before SFTP begins',
    retry: 'after_action',
  });

export const text = {
  /** The names of a directory's page; attributes are skipped. */
  names(body: Buffer): string[] {
    const names: string[] = [];
    let at = 8;
    const string = (): string => {
      const length = body.readUInt32BE(at);
      at += 4 + length;
      return body.toString('utf8', at - length, at);
    };
    for (let left = body.readUInt32BE(4); left > 0; left -= 1) {
      names.push(string());
      string();
      at = afterAttributes(body, at);
    }
    return names;
  },
};

function afterAttributes(body: Buffer, start: number): number {
  const flags = body.readUInt32BE(start);
  let at = start + 4;
  if (flags & 1) at += 8;
  if (flags & 2) at += 8;
  if (flags & 4) at += 4;
  if (flags & 8) at += 8;
  if (!(flags & 0x8000_0000)) return at;
  let extended = body.readUInt32BE(at);
  at += 4;
  for (; extended > 0; extended -= 1) {
    at += 4 + body.readUInt32BE(at);
    at += 4 + body.readUInt32BE(at);
  }
  return at;
}

function encode(part: Part): Buffer[] {
  if (typeof part === 'number') return [number(part)];
  const bytes = typeof part === 'string' ? Buffer.from(part) : part;
  return [number(bytes.length), bytes];
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
