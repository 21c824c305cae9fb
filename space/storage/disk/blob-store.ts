import { mkdir, open, readdir, rm, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from './durable.ts';

const NAME = /^[0-9a-f]{32}$/;
const MAGIC = Buffer.from('OLRSBLB1');
const FOOTER_BYTES = 4 + MAGIC.length;
const DISK_RESERVE_BYTES = 32 * 1024 ** 2;
const MAX_LABEL_BYTES = 64 * 1024;

/**
 * The bytes of objects, in files with random names: no key ever becomes a file name, so none can collide,
 * escape or be too long. A file counts only once the index names it; what it does not name is removed at start.
 * After its bytes a file carries a label (what it is), from which a lost index can be made anew.
 */
export class BlobStore {
  readonly #dir: string;
  readonly #random: (bytes: number) => Buffer;

  private constructor(dir: string, random: (bytes: number) => Buffer) {
    this.#dir = dir;
    this.#random = random;
  }

  static async open(dir: string, random: (bytes: number) => Buffer): Promise<BlobStore> {
    for (let fan = 0; fan < 256; fan++) {
      await mkdir(path.join(dir, fan.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
    }
    await syncDirectory(dir);
    return new BlobStore(dir, random);
  }

  /**
   * Starts a blob of about that size. The last of the disk is left to the index, without which nothing could be
   * deleted any more, and half of that to what is `essential` to bring a repository in order.
   * @throws Error with code ENOSPC
   */
  async create(plan: { size: number; essential: boolean }): Promise<BlobWriter> {
    const { bavail, bsize } = await statfs(this.#dir);
    const reserve = plan.essential ? DISK_RESERVE_BYTES / 2 : DISK_RESERVE_BYTES;
    if (bavail * bsize < plan.size + reserve) {
      throw Object.assign(new Error(`less than ${reserve} bytes would be left on the disk of ${this.#dir}`), {
        code: 'ENOSPC',
      });
    }
    const name = this.#random(16).toString('hex');
    const file = this.#path(name);
    return new BlobWriter(name, file, await open(file, 'wx', 0o600));
  }

  /** The caller closes the handle. Bytes stay readable through it even when the blob is removed meanwhile. */
  async read(name: string): Promise<FileHandle> {
    return open(this.#path(name), 'r');
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  async *names(): AsyncGenerator<string> {
    for (let fan = 0; fan < 256; fan++) {
      for (const name of await readdir(path.join(this.#dir, fan.toString(16).padStart(2, '0')))) {
        if (NAME.test(name)) yield name;
      }
    }
  }

  /** The label of a finished blob and the number of bytes before it; undefined for a part or an unfinished file. */
  async label(name: string): Promise<{ label: unknown; size: number } | undefined> {
    const handle = await this.read(name);
    try {
      const { size } = await handle.stat();
      if (size < FOOTER_BYTES) return undefined;
      const footer = Buffer.alloc(FOOTER_BYTES);
      await handle.read(footer, 0, FOOTER_BYTES, size - FOOTER_BYTES);
      const labelBytes = footer.readUInt32BE(0);
      const contentBytes = size - FOOTER_BYTES - labelBytes;
      if (!footer.subarray(4).equals(MAGIC) || labelBytes > MAX_LABEL_BYTES || contentBytes < 0)
        return undefined;
      const label = Buffer.alloc(labelBytes);
      await handle.read(label, 0, labelBytes, contentBytes);
      return { label: JSON.parse(label.toString('utf8')), size: contentBytes };
    } finally {
      await handle.close();
    }
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new Error(`not a blob name: ${JSON.stringify(name)}`);
    return path.join(this.#dir, name.slice(0, 2), name);
  }
}

/** One blob while it is written. Ends with `seal` or `discard`. */
export class BlobWriter {
  readonly name: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  #size = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(name: string, file: string, handle: FileHandle) {
    this.name = name;
    this.#file = file;
    this.#handle = handle;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Takes a piece of the content; it must not change afterwards. One write is always on its way while the next
   * piece is received and hashed, so a failure may come to light only at the next call or in `seal`.
   */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#writing;
    this.#size += chunk.length;
    this.#writing = this.#writeAll(chunk);
    this.#writing.catch(() => undefined);
  }

  /** On return the bytes and the name are on the disk. */
  async seal(label?: object): Promise<void> {
    await this.#writing;
    if (label !== undefined) {
      const text = Buffer.from(JSON.stringify(label));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      await this.#handle.appendFile(Buffer.concat([text, length, MAGIC]));
    }
    await this.#handle.sync();
    await this.#handle.close();
    await syncDirectory(path.dirname(this.#file));
  }

  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined);
    // Closing twice (after seal) is refused by Node; what counts here is that the file goes.
    await this.#handle.close().catch(() => undefined);
    await rm(this.#file, { force: true });
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    let offset = 0;
    // write(2) may take less than asked, on a nearly full disk for instance.
    while (offset < chunk.length) {
      const { bytesWritten } = await this.#handle.write(chunk, offset);
      offset += bytesWritten;
    }
  }
}
