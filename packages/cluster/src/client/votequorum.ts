import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import { type RingView, readCount, readRingView } from '../wire/cpg.ts';
import { event, operation } from '../wire/protocol.ts';
import { type ConnectOptions, openSession } from './session.ts';

/** Votes and quorum as seen for one node (corosync-services.md 5.10). */
export interface VotequorumInfo {
  readonly nodeId: number;
  /** 1 member, 2 dead, 3 leaving */
  readonly state: number;
  readonly votes: number;
  readonly expectedVotes: number;
  readonly highestExpected: number;
  readonly totalVotes: number;
  readonly quorum: number;
  /** 1 two_node, 2 quorate, 4 wait_for_all, 8 last_man_standing, 16 auto_tie_breaker, 32 allow_downscale, 64.. device */
  readonly flags: number;
  readonly deviceVotes: number;
  readonly deviceName: string;
}

export interface VotequorumHandlers {
  quorum?(quorate: boolean, nodes: readonly { readonly nodeId: number; readonly state: number }[]): void;
  nodeList?(ring: RingView): void;
  expectedVotes?(expected: number): void;
  closed?(reason: string): void;
}

export interface VotequorumConnection {
  readonly localNodeId: number;
  /** @param nodeId 0 for the local node @throws {CorosyncError} NOT_EXIST for an unknown node */
  info(nodeId: number): Promise<VotequorumInfo>;
  /** @throws {CorosyncError} INVALID_PARAM when it would be less than the votes present */
  setExpected(expected: number): Promise<void>;
  /** @throws {CorosyncError} NAME_NOT_FOUND, INVALID_PARAM */
  setVotes(nodeId: number, votes: number): Promise<void>;
  registerDevice(name: string): Promise<void>;
  unregisterDevice(name: string): Promise<void>;
  renameDevice(oldName: string, newName: string): Promise<void>;
  pollDevice(name: string, castVote: boolean, ring: { nodeId: number; sequence: bigint }): Promise<void>;
  setDeviceMasterWins(name: string, allow: boolean): Promise<void>;
  close(): void;
}

/**
 * Opens the vote quorum service of the local corosync daemon; with handlers, its events are tracked too.
 * @throws {CorosyncError} LIBRARY (not running), ACCESS, TRY_AGAIN (no ring yet), BAD_HANDLE (votequorum is not the provider)
 */
export async function connectVotequorum(
  handlers?: VotequorumHandlers,
  options: ConnectOptions = {},
): Promise<VotequorumConnection> {
  const session = await openSession(
    {
      event: (kind, fields) => dispatch(kind, fields, handlers),
      closed: (reason) => handlers?.closed?.(reason),
    },
    options,
  );
  const named = (op: number, name: string): ByteWriter => new ByteWriter().u8(op).text(name);
  if (handlers !== undefined) {
    await session.request(new ByteWriter().u8(operation.votequorumTrack).u64(0n).u32(3).finish());
  }
  return {
    localNodeId: session.localNodeId,
    async info(nodeId) {
      return readInfo(await session.request(new ByteWriter().u8(operation.votequorumInfo).u32(nodeId).finish()));
    },
    async setExpected(expected) {
      await session.request(new ByteWriter().u8(operation.votequorumSetExpected).u32(expected).finish());
    },
    async setVotes(nodeId, votes) {
      await session.request(new ByteWriter().u8(operation.votequorumSetVotes).u32(nodeId).u32(votes).finish());
    },
    async registerDevice(name) {
      await session.request(named(operation.qdeviceRegister, name).finish());
    },
    async unregisterDevice(name) {
      await session.request(named(operation.qdeviceUnregister, name).finish());
    },
    async renameDevice(oldName, newName) {
      await session.request(named(operation.qdeviceUpdate, oldName).text(newName).finish());
    },
    async pollDevice(name, castVote, ring) {
      const body = named(operation.qdevicePoll, name)
        .u8(castVote ? 1 : 0)
        .u32(ring.nodeId)
        .u64(ring.sequence);
      await session.request(body.finish());
    },
    async setDeviceMasterWins(name, allow) {
      await session.request(
        named(operation.qdeviceMasterWins, name)
          .u8(allow ? 1 : 0)
          .finish(),
      );
    },
    close: () => session.close(),
  };
}

function readInfo(fields: ByteReader): VotequorumInfo {
  return {
    nodeId: fields.u32(),
    state: fields.u32(),
    votes: fields.u32(),
    expectedVotes: fields.u32(),
    highestExpected: fields.u32(),
    totalVotes: fields.u32(),
    quorum: fields.u32(),
    flags: fields.u32(),
    deviceVotes: fields.u32(),
    deviceName: fields.text(),
  };
}

function dispatch(kind: number, fields: ByteReader, handlers: VotequorumHandlers | undefined): void {
  if (kind === event.votequorumQuorum) {
    fields.u64();
    const quorate = fields.u8() === 1;
    const nodes: { nodeId: number; state: number }[] = [];
    for (let count = readCount(fields); count > 0; count -= 1)
      nodes.push({ nodeId: fields.u32(), state: fields.u32() });
    handlers?.quorum?.(quorate, nodes);
  } else if (kind === event.votequorumNodeList) {
    fields.u64();
    handlers?.nodeList?.(readRingView(fields));
  } else if (kind === event.votequorumExpected) {
    fields.u64();
    handlers?.expectedVotes?.(fields.u32());
  }
}
