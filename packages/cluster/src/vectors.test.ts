import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { describe, expect, it } from 'vitest';
import {
  decodeKillNode,
  decodeReload,
  encodeKillNode,
  encodeReload,
  encodeShutdown,
  swapCfgMessage,
} from './cfg/messages.ts';
import { decodeConfigVersion, encodeConfigVersion, swapCmapMessage } from './cmap/messages.ts';
import {
  cpgFunction,
  decodeDownlist,
  decodeFragment,
  decodeJoinlist,
  decodeMulticast,
  decodeProcess,
  encodeDownlist,
  encodeFragmentHeader,
  encodeJoinlist,
  encodeMulticastHeader,
  encodeProcess,
  sizeMulticast,
  swapCpgMessage,
} from './cpg/messages.ts';
import { headerOffsets, swapFields } from './engine/message.ts';
import { decodeSyncMessage, encodeSyncMessage, swapSyncMessage } from './engine/sync-messages.ts';
import {
  decodeDeviceRegistration,
  decodeDeviceRename,
  decodeNodeInfo,
  decodeReconfigure,
  encodeDeviceRegistration,
  encodeDeviceRename,
  encodeNodeInfo,
  encodeReconfigure,
  swapVotequorumMessage,
} from './votequorum/messages.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Vector {
  readonly name: string;
  readonly hex?: string;
  /** The first bytes of a long message. */
  readonly hex_head?: string;
  readonly decoded: Fields & { service: string; fn: string; size: number };
}

/** Bytes [from, to) that the sender leaves unspecified, and why. */
type Mask = readonly (readonly [from: number, to: number, why: string])[];

const header: Mask = [
  [4, 8, 'behind the id: not initialised (0)'],
  [12, 16, 'behind the size: not initialised (0)'],
];
const source = (at: number): Mask => [
  [at + 4, at + 8, 'behind the source node id: not initialised (0)'],
  [at + 8, at + 16, 'the sender’s private pointer (1.3)'],
];
const group = (at: number): Mask => [[at + 4, at + 8, 'behind the group name’s length: not initialised (0)']];
const text = (from: number, to: number) => [from, to, 'behind a text’s NUL: not initialised (5.1, 6.1)'] as const;
const behind = (at: number) =>
  [at, at + 4, 'behind a 4-byte field on an 8-byte boundary: not initialised (0)'] as const;

interface Codec {
  /** Names of the fields in the captures, the same as decoded by us. */
  decode(bytes: Buffer): Fields | undefined;
  /** Encodes what the captures name. @param bytes the captured message, for data that is not ours to make */
  encode(fields: Fields, bytes: Buffer): Buffer;
  mask(fields: Fields): Mask;
  swap(bytes: Buffer): void;
}

const number = (fields: Fields, name: string): number => fields[name] as number;
const word = (fields: Fields, name: string): string => (fields[name] as string).replace(/\\x00/g, '\0');
const service = (swap: (message: Buffer) => void) => (message: Buffer) => {
  swapFields(message, 4, headerOffsets);
  swap(message);
};

function cpgProcess(fn: 0 | 1): Codec {
  return {
    decode: decodeProcess,
    encode: (fields) => encodeProcess(fn, word(fields, 'group'), number(fields, 'pid'), number(fields, 'reason')),
    mask: () => [...header, ...group(16), behind(156), behind(164)],
    swap: service((message) => swapCpgMessage(fn, message)),
  };
}

const codecs: Readonly<Record<string, Codec>> = {
  'cpg procjoin': cpgProcess(cpgFunction.procjoin),
  'cpg procleave': cpgProcess(cpgFunction.procleave),
  'cpg joinlist': {
    decode: (bytes) => ({ entries: decodeJoinlist(bytes) }),
    encode: ({ entries }) => encodeJoinlist(joinlist(entries)),
    mask: ({ entries }) => joinlist(entries).flatMap((_, index) => group(24 + 144 * index + 8)),
    swap: service((message) => swapCpgMessage(cpgFunction.joinlist, message)),
  },
  'cpg mcast': {
    decode(bytes) {
      const decoded = decodeMulticast(bytes);
      return decoded && { group: decoded.group, pid: decoded.pid, payload_hex: decoded.data.toString('hex') };
    },
    encode(fields) {
      const data = Buffer.from(word(fields, 'payload_hex'), 'hex');
      const from = { nodeId: number(fields, 'source_nodeid'), token: 0 };
      const head = encodeMulticastHeader(word(fields, 'group'), number(fields, 'pid'), from);
      sizeMulticast(head, data.length);
      return Buffer.concat([head, data]);
    },
    mask: () => [...header, ...group(16), behind(156), behind(164), ...source(168)],
    swap: service((message) => swapCpgMessage(cpgFunction.multicast, message)),
  },
  'cpg partial_mcast': {
    decode(bytes) {
      // Only the head was captured: the data is made as long as its header says.
      const decoded = decodeFragment(Buffer.concat([bytes, Buffer.alloc(2 ** 20)]));
      return (
        decoded && {
          group: decoded.group,
          pid: decoded.pid,
          type: decoded.type,
          msglen: decoded.totalBytes,
          fraglen: decoded.data.length,
        }
      );
    },
    encode(fields, bytes) {
      const from = { nodeId: number(fields, 'source_nodeid'), token: 0 };
      const [type, totalBytes] = [number(fields, 'type'), number(fields, 'msglen')];
      const fragment = { type, totalBytes, dataBytes: number(fields, 'fraglen') };
      const head = encodeFragmentHeader(word(fields, 'group'), number(fields, 'pid'), from, fragment);
      return Buffer.concat([head, bytes.subarray(head.length)]);
    },
    mask: () => [...header, ...group(16), ...[156, 164, 172, 180].map(behind), ...source(184)],
    swap: service((message) => swapCpgMessage(cpgFunction.partial, message)),
  },
  'cpg downlist': {
    decode(bytes) {
      const decoded = decodeDownlist(bytes);
      return decoded && { old_members: decoded.oldMembers, left_nodes: decoded.left.length, nodeids: decoded.left };
    },
    encode: (fields) => encodeDownlist(number(fields, 'old_members'), fields['nodeids'] as number[]),
    mask: (fields) => [...header, [32 + 4 * number(fields, 'left_nodes'), 1568, 'beyond left_nodes: stale ids (3.2)']],
    swap: service((message) => swapCpgMessage(cpgFunction.downlist, message)),
  },
  'cmap mcast': {
    decode(bytes) {
      const decoded = decodeConfigVersion(bytes);
      return decoded && { reason: decoded.reason, items: [versionItem(decoded.version)] };
    },
    encode(fields) {
      const [{ value }] = fields['items'] as [{ value: string }];
      const version = value === '' ? undefined : Buffer.from(value, 'hex').readBigUInt64LE();
      return encodeConfigVersion({ reason: number(fields, 'reason'), version });
    },
    mask: () => header,
    swap: service(swapCmapMessage),
  },
  'votequorum nodeinfo': {
    decode(bytes) {
      const decoded = decodeNodeInfo(bytes);
      return (
        decoded && {
          nodeid: decoded.nodeId,
          votes: decoded.votes,
          expected_votes: decoded.expectedVotes,
          flags: decoded.flags,
        }
      );
    },
    encode: (fields) =>
      encodeNodeInfo({
        nodeId: number(fields, 'nodeid'),
        votes: number(fields, 'votes'),
        expectedVotes: number(fields, 'expected_votes'),
        flags: number(fields, 'flags'),
      }),
    mask: () => header,
    swap: service((message) => swapVotequorumMessage(0, message)),
  },
  'votequorum reconfigure': {
    decode(bytes) {
      const decoded = decodeReconfigure(bytes);
      return decoded && { nodeid: decoded.nodeId, value: decoded.value, param: decoded.param };
    },
    encode: (fields) =>
      encodeReconfigure({
        nodeId: number(fields, 'nodeid'),
        value: number(fields, 'value'),
        param: number(fields, 'param'),
      }),
    mask: () => [...header, [28, 32, 'tail padding: not initialised (5.1)']],
    swap: service((message) => swapVotequorumMessage(1, message)),
  },
  'votequorum qdevice_reg': {
    decode(bytes) {
      const decoded = decodeDeviceRegistration(bytes);
      return decoded && { operation: decoded.register ? 1 : 0, name: decoded.name };
    },
    encode: (fields) => encodeDeviceRegistration(fields['operation'] === 1, word(fields, 'name')),
    mask: (fields) => [...header, text(20 + word(fields, 'name').length + 1, 280)],
    swap: service((message) => swapVotequorumMessage(2, message)),
  },
  'votequorum qdevice_reconfigure': {
    decode(bytes) {
      const decoded = decodeDeviceRename(bytes);
      return decoded && { oldname: decoded.oldName, newname: decoded.newName };
    },
    encode: (fields) => encodeDeviceRename(word(fields, 'oldname'), word(fields, 'newname')),
    mask: (fields) => [
      ...header,
      text(16 + word(fields, 'oldname').length + 1, 271),
      text(271 + word(fields, 'newname').length + 1, 528),
    ],
    swap: service((message) => swapVotequorumMessage(3, message)),
  },
  'cfg reload_config': {
    decode: (bytes) => ({ source_nodeid: decodeReload(bytes)?.nodeId }),
    encode: (fields) => encodeReload({ nodeId: number(fields, 'source_nodeid'), token: 0 }),
    mask: () => [...header, ...source(16)],
    swap: service((message) => swapCfgMessage(3, message)),
  },
  'cfg killnode': {
    decode(bytes) {
      const decoded = decodeKillNode(bytes);
      return decoded && { nodeid: decoded.nodeId, reason: `${decoded.reason}\0` };
    },
    encode: (fields) =>
      encodeKillNode({ nodeId: number(fields, 'nodeid'), reason: word(fields, 'reason').replace('\0', '') }),
    mask: (fields) => [...header, behind(20), text(32 + word(fields, 'reason').length, 288)],
    swap: service((message) => swapCfgMessage(1, message)),
  },
  'cfg shutdown': {
    decode: () => ({}),
    encode: encodeShutdown,
    mask: () => header,
    swap: service((message) => swapCfgMessage(2, message)),
  },
  'sync service_build': sync(),
  'sync barrier': sync(),
};

function sync(): Codec {
  return {
    decode(bytes) {
      const decoded = decodeSyncMessage(bytes);
      if (decoded === undefined) return undefined;
      const { ringId, services } = decoded;
      return { ring_id: ringName(ringId), ...(services === undefined ? {} : { service_list: services }) };
    },
    encode(fields) {
      const [rep, seq] = word(fields, 'ring_id').split('.') as [string, string];
      const ringId = { rep: Number(rep), seq: Number.parseInt(seq, 16) };
      return encodeSyncMessage({ ringId, services: fields['service_list'] as number[] | undefined });
    },
    mask: () => header,
    swap: swapSyncMessage,
  };
}

const ringName = ({ rep, seq }: { rep: number; seq: number }): string => `${rep}.${seq.toString(16)}`;
const joinlist = (entries: unknown) =>
  (entries as { pid: number; group: string }[]).map((entry) => ({ pid: entry.pid, group: word(entry, 'group') }));

function versionItem(version: bigint | undefined): Fields {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(version ?? 0n);
  const known =
    version === undefined ? { type: 0, len: 0, value: '' } : { type: 8, len: 8, value: value.toString('hex') };
  return { key: 'totem.config_version', ...known };
}

function codecOf({ decoded }: Pick<Vector, 'decoded'>): Codec {
  const codec = codecs[`${decoded.service} ${decoded.fn}`];
  if (codec === undefined) throw new Error(`no codec for ${decoded.service} ${decoded.fn}`);
  return codec;
}

/** What the captures say of a message, with names as bytes. */
function expected(decoded: Fields): Fields {
  const fields = { ...decoded };
  for (const name of ['group', 'reason']) if (typeof fields[name] === 'string') fields[name] = word(fields, name);
  if (fields['entries'] !== undefined) fields['entries'] = joinlist(fields['entries']);
  return fields;
}

function masked(message: Buffer, mask: Mask): string {
  const copy = Buffer.from(message);
  for (const [from, to] of mask) copy.fill(0, from, to);
  return copy.toString('hex');
}

const read = (name: string) => JSON.parse(readFileSync(sharedPath('vectors', 'services', name), 'utf8'));

describe.skipIf(!haveShared())('captured executive messages', () => {
  const vectors: readonly Vector[] = haveShared() ? read('exec-messages.json').messages : [];
  const bytesOf = (vector: Vector): Buffer => Buffer.from(vector.hex ?? vector.hex_head ?? '', 'hex');

  it('decode, and come out again as they went in', () => {
    let bytesMasked = 0;
    for (const vector of vectors) {
      const codec = codecOf(vector);
      const bytes = bytesOf(vector);
      expect(expected(vector.decoded), vector.name).toMatchObject(codec.decode(bytes) ?? { decoded: false });
      const again = codec.encode(vector.decoded, bytes);
      const mask = codec.mask(vector.decoded);
      for (const [from, to] of mask) {
        for (let at = from; at < Math.min(to, bytes.length); at += 1) if (bytes[at] !== again[at]) bytesMasked += 1;
      }
      expect(masked(again, mask), vector.name).toBe(masked(bytes, mask));
      expect(again.readUInt32LE(8), vector.name).toBe(vector.decoded.size);
    }
    console.log(`${vectors.length} compared, ${bytesMasked} bytes masked`);
    expect(vectors.length).toBeGreaterThanOrEqual(34);
  });

  it('are read the same from a node with the other byte order', () => {
    for (const vector of vectors) {
      const codec = codecOf(vector);
      const native = bytesOf(vector);
      const foreign = inOtherByteOrder(vector, native);
      expect(foreign.equals(native), vector.name).toBe(false);
      codec.swap(foreign);
      expect(codec.decode(foreign), vector.name).toEqual(codec.decode(native));
      expect(foreign.readUInt32LE(0), vector.name).toBe(native.readUInt32LE(0));
    }
  });
});

/** Integers of each message by offset and size, written by hand from corosync-services.md 3.2, 5.1, 6.1 and 7.6. */
const layouts: Readonly<Record<string, readonly (readonly [at: number, bytes: number])[]>> = {
  'cpg procjoin': [
    [16, 4],
    [152, 4],
    [160, 4],
  ],
  'cpg mcast': [
    [16, 4],
    [152, 4],
    [160, 4],
    [168, 4],
  ],
  'cpg partial_mcast': [
    [16, 4],
    [152, 4],
    [160, 4],
    [168, 4],
    [176, 4],
    [184, 4],
  ],
  'votequorum nodeinfo': [
    [16, 4],
    [20, 4],
    [24, 4],
    [28, 4],
  ],
  'votequorum reconfigure': [
    [16, 4],
    [20, 4],
  ],
  'votequorum qdevice_reg': [[16, 4]],
  'votequorum qdevice_reconfigure': [],
  'cfg reload_config': [[16, 4]],
  'cfg killnode': [
    [16, 4],
    [24, 2],
  ],
  'cfg shutdown': [],
  'sync barrier': [
    [16, 4],
    [20, 8],
  ],
};

function inOtherByteOrder({ decoded }: Vector, native: Buffer): Buffer {
  const name = `${decoded.service} ${decoded.fn}`;
  const fields: (readonly [number, number])[] = [
    [0, 4],
    [8, 4],
  ];
  if (name === 'cpg procleave') fields.push(...(layouts['cpg procjoin'] ?? []));
  else if (name === 'cpg joinlist') {
    for (let at = 24; at < native.length; at += 144) fields.push([at, 4], [at + 8, 4]);
  } else if (name === 'cpg downlist') {
    fields.push([16, 4], [24, 4]);
    for (let at = 32; at < native.length; at += 4) fields.push([at, 4]);
  } else if (name === 'cmap mcast') fields.push([48, 2], [320, 8], [328, 8]);
  else if (name === 'sync service_build') {
    fields.push([16, 4], [20, 8], [32, 4]);
    for (let at = 40; at < native.length; at += 4) fields.push([at, 4]);
  } else fields.push(...(layouts[name] as (readonly [number, number])[]));
  const foreign = Buffer.from(native);
  for (const [at, bytes] of fields) if (at < native.length) foreign.subarray(at, at + bytes).reverse();
  return foreign;
}

describe.skipIf(!haveShared())('captured sequences', () => {
  it('name messages that we make of the same size, and read the same', () => {
    let count = 0;
    for (const { messages } of haveShared() ? read('sequences.json').sequences : []) {
      for (const decoded of messages as Vector['decoded'][]) {
        const codec = codecOf({ decoded });
        const ours = codec.encode(decoded, Buffer.alloc(0));
        expect(ours.length).toBe(decoded.size);
        expect(expected(decoded)).toMatchObject(codec.decode(ours) ?? { decoded: false });
        count += 1;
      }
    }
    console.log(`${count} compared`);
    expect(count).toBeGreaterThan(100);
  });
});
