import koffi from 'koffi';

type BufferFunction = (...parameters: unknown[]) => number;

/** Block size (hundreds of kB) and work factor of the reference's compressor (controller.md 1.1). */
const BLOCK_SIZE_100K = 4;
const WORK_FACTOR = 20;

let compressFunction: BufferFunction | undefined;
let decompressFunction: BufferFunction | undefined;

function load(): { compress: BufferFunction; decompress: BufferFunction } {
  if (compressFunction === undefined || decompressFunction === undefined) {
    const library = koffi.load('libbz2.so.1.0');
    compressFunction = library.func(
      'int BZ2_bzBuffToBuffCompress(void *dest, _Inout_ uint *destLen, void *source, uint sourceLen, int blockSize100k, int verbosity, int workFactor)',
    ) as BufferFunction;
    decompressFunction = library.func(
      'int BZ2_bzBuffToBuffDecompress(void *dest, _Inout_ uint *destLen, void *source, uint sourceLen, int small, int verbosity)',
    ) as BufferFunction;
  }
  return { compress: compressFunction, decompress: decompressFunction };
}

/** libbz2 refused: `code` is its return value (bzlib.h; -5 is "no bzip2 data", -8 "longer than expected"). */
export class Bzip2Error extends Error {
  readonly code: number;

  constructor(action: string, code: number) {
    super(`bzip2 ${action} failed with code ${code}`);
    this.code = code;
  }
}

/** Compresses a buffer into one bzip2 stream. @throws {Bzip2Error} */
export function bzip2Compress(input: Uint8Array): Buffer {
  const output = Buffer.alloc(input.length + Math.ceil(input.length / 100) + 600);
  const length = [output.length];
  const code = load().compress(output, length, input, input.length, BLOCK_SIZE_100K, 0, WORK_FACTOR);
  if (code !== 0) throw new Bzip2Error('compression', code);
  return output.subarray(0, length[0]);
}

/**
 * Decompresses one bzip2 stream.
 * @param outputLength exact length expected, bytes @throws {Bzip2Error} also when the result has another length
 */
export function bzip2Decompress(input: Uint8Array, outputLength: number): Buffer {
  const output = Buffer.alloc(outputLength);
  const length = [outputLength];
  const code = load().decompress(output, length, input, input.length, 0, 0);
  if (code !== 0) throw new Bzip2Error('decompression', code);
  if (length[0] !== outputLength) throw new Bzip2Error('decompression (too short)', -7);
  return output;
}

/**
 * Decompresses a bzip2 stream whose length is not known.
 * @param maxLength limit of the result, bytes @throws {Bzip2Error} code -8 when the result is longer
 */
export function bzip2DecompressUpTo(input: Uint8Array, maxLength: number): Buffer {
  for (let size = Math.min(maxLength, Math.max(65_536, input.length * 16)); ; size = Math.min(maxLength, size * 4)) {
    const output = Buffer.alloc(size);
    const length = [size];
    const code = load().decompress(output, length, input, input.length, 0, 0);
    if (code === 0) return output.subarray(0, length[0]);
    if (code !== -8 || size === maxLength) throw new Bzip2Error('decompression', code);
  }
}
