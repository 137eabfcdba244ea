export { Bzip2Error, bzip2Compress, bzip2Decompress, bzip2DecompressUpTo } from './bzip2.ts';
export { CAUSE_ATTRIBUTE, Envelopes, messageData, type RequestInput } from './envelope.ts';
export {
  COMPRESS_FROM_BYTES,
  decodeClusterFrame,
  encodeClusterFrame,
  FRAME_HEADER_BYTES,
  type Frame,
  FrameFormatError,
  type FrameInput,
  type FrameNode,
  frameType,
  readFrameAddress,
} from './frame.ts';
export { compareVersions, featureSetsCompatible } from './versions.ts';
