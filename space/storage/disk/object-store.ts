import { mkdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { BlobStore, type BlobWriter } from './blob-store.ts';
import { keysBelow } from './key-range.ts';
import {
  openObjectIndex,
  type ObjectIndex,
  type ObjectRecord,
  type PartRecord,
  type UploadRecord,
} from './object-index.ts';
import { UsageMeter, type StoredUsage } from './usage-meter.ts';

const LabelSchema = Type.Object({
  key: Type.String(),
  etag: Type.String(),
  modifiedMs: Type.Integer(),
  accountId: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
});

/** An unfinished upload that nobody came back to is removed after this long, with its parts. */
const UPLOAD_LIFETIME_MS = 7 * 24 * 3_600_000;

export type PutOutcome = 'stored' | { existing: ObjectRecord };

/**
 * Objects on the local disk. The bytes lie in blob files, everything else in one SQLite index; a write is bytes
 * fsynced first, row committed second, so an object is there wholly or not at all, whatever is cut off when.
 */
export class ObjectStore {
  readonly index: ObjectIndex;
  readonly blobs: BlobStore;
  readonly meter: UsageMeter;

  private constructor(index: ObjectIndex, blobs: BlobStore) {
    this.index = index;
    this.blobs = blobs;
    this.meter = new UsageMeter(index.totals());
  }

  static async open(options: {
    dir: string;
    nowMs: number;
    random: (bytes: number) => Buffer;
  }): Promise<ObjectStore> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    const blobs = await BlobStore.open(path.join(options.dir, 'blobs'), options.random);
    const { index, fresh } = await openObjectIndex(path.join(options.dir, 'index.db'), options.nowMs);
    try {
      if (fresh) await fillFromBlobs(index, blobs);
      await removeUnnamed(index, blobs);
      const store = new ObjectStore(index, blobs);
      await store.sweepUploads(options.nowMs);
      return store;
    } catch (error) {
      index.close();
      throw error;
    }
  }

  /** Opens an object for reading; undefined when there is none. The caller closes the handle. */
  async open(key: string): Promise<{ record: ObjectRecord; handle: FileHandle } | undefined> {
    for (;;) {
      const record = this.index.get(key);
      if (record === undefined) return undefined;
      try {
        return { record, handle: await this.blobs.read(record.blob) };
      } catch (error) {
        // Replaced between the two lines above: look again. Really gone: the error is true.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || this.index.get(key)?.blob === record.blob)
          throw error;
      }
    }
  }

  /** Seals the written bytes as the object of `record.key`, unless `keep` says that an existing one has to stay. */
  async put(
    writer: BlobWriter,
    record: Omit<ObjectRecord, 'blob' | 'size'>,
    options: { keep: (existing: ObjectRecord) => boolean; completes?: UploadRecord },
  ): Promise<PutOutcome> {
    const { key, etag, modifiedMs, accountId, headers } = record;
    const size = writer.size;
    await writer.seal({ key, etag, modifiedMs, accountId, headers });
    const existing = await this.#change((drop) => {
      const before = this.index.get(key);
      if (before !== undefined && options.keep(before)) {
        drop(writer.name);
        return before;
      }
      this.index.put({ ...record, blob: writer.name, size });
      if (before !== undefined) drop(before.blob, before.accountId, { bytes: -before.size, objects: -1 });
      drop(undefined, accountId, { bytes: size, objects: 1 });
      if (options.completes !== undefined) this.#forgetUpload(options.completes, drop);
      return undefined;
    });
    return existing === undefined ? 'stored' : { existing };
  }

  async remove(key: string): Promise<void> {
    await this.#change((drop) => {
      const record = this.index.get(key);
      if (record === undefined) return;
      this.index.delete(key);
      drop(record.blob, record.accountId, { bytes: -record.size, objects: -1 });
    });
  }

  /** False when the upload was completed or aborted while this part was on its way. */
  async putPart(
    writer: BlobWriter,
    upload: UploadRecord,
    part: Omit<PartRecord, 'blob' | 'size'>,
  ): Promise<boolean> {
    const size = writer.size;
    await writer.seal();
    return this.#change((drop) => {
      if (this.index.upload(upload.id) === undefined) {
        drop(writer.name);
        return false;
      }
      const before = this.index.part(part.uploadId, part.number);
      this.index.putPart({ ...part, blob: writer.name, size });
      drop(before?.blob, upload.accountId, { bytes: size - (before?.size ?? 0), objects: 0 });
      return true;
    });
  }

  async removeUpload(upload: UploadRecord): Promise<void> {
    await this.#change((drop) => this.#forgetUpload(upload, drop));
  }

  /** Removes the uploads that nobody came back to. */
  async sweepUploads(nowMs: number): Promise<void> {
    for (const upload of this.index.uploadsBefore(nowMs - UPLOAD_LIFETIME_MS))
      await this.removeUpload(upload);
  }

  /** What is stored under a folder: all objects whose key starts with `prefix/`. */
  usage(prefix: string): StoredUsage {
    const { from, to } = keysBelow(`${prefix.replace(/\/+$/, '')}/`);
    return this.index.sum(from, to);
  }

  close(): void {
    this.index.close();
  }

  #forgetUpload(upload: UploadRecord, drop: Drop): void {
    for (const part of this.index.parts(upload.id)) {
      drop(part.blob, upload.accountId, { bytes: -part.size, objects: 0 });
    }
    this.index.deleteUpload(upload.id);
  }

  /** One transaction; counters change and blobs go only after it is committed. */
  async #change<T>(work: (drop: Drop) => T): Promise<T> {
    const effects: Parameters<Drop>[] = [];
    const result = this.index.transaction(() => work((...effect) => effects.push(effect)));
    for (const [, accountId, usage] of effects) {
      if (accountId !== undefined && usage !== undefined) this.meter.add(accountId, usage);
    }
    for (const [blob] of effects) {
      // The index no longer names it: a blob that cannot be removed now goes at the next start.
      if (blob !== undefined) await this.blobs.remove(blob).catch(() => undefined);
    }
    return result;
  }
}

/** Notes a blob that the transaction makes superfluous, and how it changes what an account has stored. */
type Drop = (blob: string | undefined, accountId?: string, usage?: StoredUsage) => void;

async function fillFromBlobs(index: ObjectIndex, blobs: BlobStore): Promise<void> {
  const found: ObjectRecord[] = [];
  for await (const blob of blobs.names()) {
    const labelled = await blobs.label(blob).catch(() => undefined);
    if (labelled === undefined || !Value.Check(LabelSchema, labelled.label)) continue;
    found.push({ ...labelled.label, blob, size: labelled.size });
  }
  // Two blobs of one key are a replaced object whose old bytes a crash left: the newer one is it.
  found.sort((a, b) => a.modifiedMs - b.modifiedMs);
  index.transaction(() => found.forEach((record) => index.put(record)));
}

async function removeUnnamed(index: ObjectIndex, blobs: BlobStore): Promise<void> {
  const named = index.blobs();
  for await (const blob of blobs.names()) {
    if (!named.has(blob)) await blobs.remove(blob);
  }
}
