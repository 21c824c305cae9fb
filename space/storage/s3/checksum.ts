import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The checksum algorithms of S3, by the end of their header name `x-amz-checksum-…`. */
export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

export interface Checksum {
  update(chunk: Uint8Array): void;
  /** As S3 writes it: base64 of the big-endian value. */
  digest(): string;
}

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  if (algorithm === 'crc32') return crc32Checksum((chunk, value) => crc32(chunk, value));
  if (algorithm === 'crc32c') return crc32Checksum(crc32c);
  if (algorithm === 'crc64nvme') return new Crc64Nvme();
  const hash = createHash(algorithm);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
}

function crc32Checksum(step: (chunk: Uint8Array, value: number) => number): Checksum {
  let value = 0;
  return {
    update(chunk) {
      value = step(chunk, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes.toString('base64');
    },
  };
}

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** Castagnoli's polynomial, which Node's zlib does not have. */
function crc32c(chunk: Uint8Array, start: number): number {
  let value = ~start;
  for (let at = 0; at < chunk.length; at++) {
    value = (value >>> 8) ^ (CRC32C_TABLE[(value ^ (chunk[at] as number)) & 0xff] as number);
  }
  return ~value >>> 0;
}

const CRC64_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const CRC64_HIGH = new Uint32Array(256);
const CRC64_LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ CRC64_POLYNOMIAL : value >> 1n;
  CRC64_HIGH[byte] = Number(value >> 32n);
  CRC64_LOW[byte] = Number(value & 0xffffffffn);
}

/** CRC-64/NVME in two 32-bit halves: BigInt per byte would be a hundred times slower. */
class Crc64Nvme implements Checksum {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(chunk: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < chunk.length; at++) {
      const index = (low ^ (chunk[at] as number)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] as number);
      high = (high >>> 8) ^ (CRC64_HIGH[index] as number);
    }
    this.#high = high;
    this.#low = low;
  }

  digest(): string {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(~this.#high >>> 0, 0);
    bytes.writeUInt32BE(~this.#low >>> 0, 4);
    return bytes.toString('base64');
  }
}
