/** CRC-32 as in ISO 3309 and zlib. */

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/**
 * Compute the CRC-32 of bytes in several parts.
 *
 * @param parts - in order; they count as one sequence of bytes.
 * @returns 0 to 2**32 - 1.
 */
export function crc32(parts: Iterable<Uint8Array>): number {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) {
      crc = TABLE[(crc ^ part[index]) & 0xff] ^ (crc >>> 8);
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}
