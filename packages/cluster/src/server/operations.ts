import type { RingId } from '@sanode/totem';
import type { CmapValue } from '../client/types.ts';
import { isReadOnly } from '../cmap/icmap.ts';
import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import { readCmapValue, writeCmapValue } from '../wire/cmap-value.ts';
import { writeMembers } from '../wire/cpg.ts';
import { event, maxAtomicMessageBytes, maxFragmentedMessageBytes, operation } from '../wire/protocol.ts';
import { csResult } from '../wire/results.ts';
import type { Session } from './session.ts';

/** Answers a request once: a csResult number, and fields when it is OK. */
export type Answer = (result: number, fields?: ByteWriter) => void;

type Handler = (session: Session, fields: ByteReader, answer: Answer) => void;

const maxCmapTrackers = 1000;
const maxKeyBytes = 255;

function cpgMulticast(session: Session, fields: ByteReader, answer: Answer): void {
  const { cpg } = session;
  if (cpg === undefined) {
    answer(csResult.NOT_EXIST);
    return;
  }
  const messages: Buffer[] = [];
  while (!fields.atEnd) messages.push(fields.bytes());
  if (messages.length === 0 || messages.some((message) => message.length > maxAtomicMessageBytes)) {
    answer(csResult.INVALID_PARAM);
    return;
  }
  let waiting = messages.length;
  let worst: number = csResult.OK;
  for (const message of messages) {
    session.core.cpg.multicast(cpg, message, (result) => {
      if (result !== csResult.OK) worst = result;
      waiting -= 1;
      if (waiting === 0) answer(worst);
    });
  }
}

const cpgHandlers: Readonly<Record<number, Handler>> = {
  [operation.cpgJoin]: (session, fields, answer) => {
    session.cpg ??= session.core.cpg.connect(session.pid, session);
    const wantsInitialTotem = (fields.u8() & 1) !== 0;
    answer(session.core.cpg.join(session.cpg, fields.bytes().toString('latin1'), wantsInitialTotem));
  },
  [operation.cpgLeave]: (session, _fields, answer) => {
    answer(session.cpg === undefined ? csResult.NOT_EXIST : session.core.cpg.leave(session.cpg));
  },
  [operation.cpgMulticast]: cpgMulticast,
  [operation.cpgMulticastPartial]: (session, fields, answer) => {
    const type = fields.u8();
    const totalBytes = fields.u32();
    const data = fields.bytes();
    if (session.cpg === undefined) answer(csResult.NOT_EXIST);
    else if (type < 1 || type > 3 || totalBytes > maxFragmentedMessageBytes || data.length > maxAtomicMessageBytes) {
      answer(csResult.INVALID_PARAM);
    } else session.core.cpg.multicastFragment(session.cpg, { type, totalBytes, data }, answer);
  },
  [operation.cpgMembers]: (session, fields, answer) => {
    const writer = new ByteWriter();
    writeMembers(writer, session.core.cpg.members(fields.bytes().toString('latin1')));
    answer(csResult.OK, writer);
  },
  [operation.cpgIterate]: (session, fields, answer) => {
    const entries = session.core.cpg.iterate(fields.u8() === 1);
    const writer = new ByteWriter().u32(entries.length);
    for (const { nodeId, pid, group } of entries) {
      writer.u32(nodeId).u32(pid).bytes(Buffer.from(group, 'latin1'));
    }
    answer(csResult.OK, writer);
  },
};

const quorumHandlers: Readonly<Record<number, Handler>> = {
  [operation.quorumTrack]: (session, fields, answer) => {
    const flags = fields.u32();
    const { quorum } = session.core;
    const tracking = quorum.isTracking(session.quorumTracker);
    quorum.track(session.quorumTracker, (flags & 3) !== 0, (flags & 6) !== 0);
    answer(tracking ? csResult.EXIST : csResult.OK);
  },
  [operation.quorumTrackStop]: (session, _fields, answer) => {
    session.core.quorum.untrack(session.quorumTracker);
    answer(csResult.OK);
  },
  [operation.quorumGet]: (session, _fields, answer) => {
    const { quorate, hasProvider } = session.core.quorum;
    answer(csResult.OK, new ByteWriter().u8(quorate ? 1 : 0).u8(hasProvider ? 1 : 0));
  },
};

/** A handler that needs votequorum: without it as provider there is no such service. */
function withVotequorum(
  run: (session: Session & { core: { votequorum: object } }, fields: ByteReader, answer: Answer) => void,
): Handler {
  return (session, fields, answer) => {
    if (session.core.votequorum === undefined) answer(csResult.BAD_HANDLE);
    else run(session as never, fields, answer);
  };
}

type Votequorum = NonNullable<Session['core']['votequorum']>;

function vote(run: (service: Votequorum, fields: ByteReader, answer: Answer, session: Session) => void): Handler {
  return withVotequorum((session, fields, answer) =>
    run(session.core.votequorum as Votequorum, fields, answer, session),
  );
}

const votequorumHandlers: Readonly<Record<number, Handler>> = {
  [operation.votequorumInfo]: vote((service, fields, answer) => {
    const info = service.info(fields.u32());
    if (info === undefined) {
      answer(csResult.NOT_EXIST);
      return;
    }
    const writer = new ByteWriter().u32(info.nodeId).u32(info.state).u32(info.votes).u32(info.expectedVotes);
    writer.u32(info.highestExpected).u32(info.totalVotes).u32(info.quorum).u32(info.flags);
    answer(csResult.OK, writer.u32(info.deviceVotes).text(info.deviceName));
  }),
  [operation.votequorumSetExpected]: vote((service, fields, answer) => answer(service.setExpected(fields.u32()))),
  [operation.votequorumSetVotes]: vote((service, fields, answer) => {
    answer(service.setVotes(fields.u32(), fields.u32()));
  }),
  [operation.votequorumTrack]: vote((service, fields, answer, session) => {
    session.votequorumContext = fields.u64();
    const flags = fields.u32();
    const tracking = service.isTracking(session.votequorumTracker);
    service.track(session.votequorumTracker, (flags & 3) !== 0, (flags & 6) !== 0);
    answer(tracking ? csResult.EXIST : csResult.OK);
  }),
  [operation.votequorumTrackStop]: vote((service, _fields, answer, session) => {
    const tracking = service.isTracking(session.votequorumTracker);
    service.untrack(session.votequorumTracker);
    answer(tracking ? csResult.OK : csResult.NOT_EXIST);
  }),
  [operation.qdeviceRegister]: vote((service, fields, answer) => service.device.register(fields.text(), answer)),
  [operation.qdeviceUnregister]: vote((service, fields, answer) => answer(service.device.unregister(fields.text()))),
  [operation.qdeviceUpdate]: vote((service, fields, answer) => {
    answer(service.device.rename(fields.text(), fields.text()));
  }),
  [operation.qdevicePoll]: vote((service, fields, answer) => {
    const name = fields.text();
    const castVote = fields.u8() === 1;
    const ring: RingId = { rep: fields.u32(), seq: Number(fields.u64()) };
    answer(service.device.poll(name, castVote, ring));
  }),
  [operation.qdeviceMasterWins]: vote((service, fields, answer) => {
    answer(service.device.setMasterWins(fields.text(), fields.u8() === 1));
  }),
};

const cfgHandlers: Readonly<Record<number, Handler>> = {
  [operation.cfgRingStatus]: (session, _fields, answer) => {
    const rings = session.daemon.ringStatus();
    const writer = new ByteWriter().u32(rings.length);
    for (const ring of rings) writer.text(ring.name).text(ring.status);
    answer(csResult.OK, writer);
  },
  [operation.cfgKillNode]: (session, fields, answer) => {
    answer(session.core.cfg.killNode(fields.u32(), fields.text()));
  },
  [operation.cfgTryShutdown]: (session, fields, answer) => {
    session.core.cfg.tryShutdown(session, fields.u8(), answer);
  },
  [operation.cfgReplyToShutdown]: (session, fields, answer) => {
    answer(session.core.cfg.replyToShutdown(session, fields.u8() === 1));
  },
  [operation.cfgNodeAddresses]: (session, fields, answer) => {
    const nodeId = fields.u32();
    const addresses = session.daemon.nodeAddresses(nodeId === 0 ? session.daemon.nodeId : nodeId);
    const writer = new ByteWriter().u32(addresses.length);
    for (const address of addresses) writer.text(address);
    answer(addresses.length === 0 ? csResult.NOT_EXIST : csResult.OK, writer);
  },
  [operation.cfgReload]: (session, _fields, answer) => session.core.cfg.reload(answer),
  [operation.cfgReopenLogs]: (session, _fields, answer) => {
    session.daemon.reopenLogs();
    answer(csResult.OK);
  },
  [operation.cfgNodeStatus]: (session, fields, answer) => {
    const status = session.daemon.nodeStatus(fields.u32());
    if (status === undefined) {
      answer(csResult.FAILED_OPERATION);
      return;
    }
    const bit = (on: boolean): number => (on ? 1 : 0);
    const writer = new ByteWriter().u8(bit(status.reachable)).u8(bit(status.remote)).u8(bit(status.external));
    writer.u32(status.links.length);
    for (const link of status.links) {
      writer.u8(link.link).u8(bit(link.enabled)).u8(bit(link.connected)).u8(bit(link.dynamicallyConnected));
      writer.u32(link.mtu).text(link.source).text(link.destination);
    }
    answer(csResult.OK, writer);
  },
  [operation.cfgTrack]: (session, _fields, answer) => {
    session.core.cfg.track(session);
    answer(csResult.OK);
  },
  [operation.cfgTrackStop]: (session, _fields, answer) => {
    session.core.cfg.untrack(session);
    answer(csResult.OK);
  },
};

function readKey(fields: ByteReader): { stats: boolean; key: string } {
  const stats = fields.u8() === 1;
  return { stats, key: fields.text() };
}

const cmapHandlers: Readonly<Record<number, Handler>> = {
  [operation.cmapGet]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    const value = stats ? session.statistics.get(key) : session.core.icmap.get(key);
    if (value === undefined) {
      answer(csResult.NOT_EXIST);
      return;
    }
    const writer = new ByteWriter();
    writeCmapValue(writer, value);
    answer(csResult.OK, writer);
  },
  [operation.cmapSet]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    const value = readCmapValue(fields);
    if (stats) answer(session.statistics.set(key));
    else if (isReadOnly(key)) answer(csResult.ACCESS);
    else answer(session.core.icmap.set(key, value));
  },
  [operation.cmapDelete]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    answer(stats || isReadOnly(key) ? csResult.ACCESS : session.core.icmap.delete(key));
  },
  [operation.cmapAdjust]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    answer(stats || isReadOnly(key) ? csResult.ACCESS : session.core.icmap.adjust(key, fields.i32()));
  },
  [operation.cmapList]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    const entries = stats ? session.statistics.list(key) : session.core.icmap.list(key);
    const writer = new ByteWriter(64 * entries.length).u32(entries.length);
    for (const [name, value] of entries) {
      writer.text(name);
      writeCmapValue(writer, value);
    }
    answer(csResult.OK, writer);
  },
  [operation.cmapTrackAdd]: (session, fields, answer) => {
    const { stats, key } = readKey(fields);
    const flags = fields.u8();
    const id = fields.u32();
    if (session.cmapTrackers.has(id)) answer(csResult.EXIST);
    else if (session.cmapTrackers.size >= maxCmapTrackers) answer(csResult.NO_MEMORY);
    else if (key.length > maxKeyBytes || (key === '' && (flags & 8) === 0)) answer(csResult.INVALID_PARAM);
    else {
      const map = stats ? session.statistics : session.core.icmap;
      const stop = map.track(key, (flags & 8) !== 0, flags & 7, (change) => {
        const writer = new ByteWriter().u8(event.cmapChange).u32(id).u8(change.kind).text(change.key);
        writeOptional(writer, change.oldValue);
        writeOptional(writer, change.newValue);
        session.sendEvent(writer);
      });
      if (typeof stop === 'number') {
        answer(stop);
        return;
      }
      session.cmapTrackers.set(id, stop);
      answer(csResult.OK);
    }
  },
  [operation.cmapTrackDelete]: (session, fields, answer) => {
    const id = fields.u32();
    const stop = session.cmapTrackers.get(id);
    stop?.();
    session.cmapTrackers.delete(id);
    answer(stop === undefined ? csResult.NOT_EXIST : csResult.OK);
  },
};

function writeOptional(writer: ByteWriter, value: CmapValue | undefined): void {
  writer.u8(value === undefined ? 0 : 1);
  if (value !== undefined) writeCmapValue(writer, value);
}

/** What each operation of the local socket does. */
export const operationHandlers: Readonly<Record<number, Handler>> = {
  ...cpgHandlers,
  ...quorumHandlers,
  ...votequorumHandlers,
  ...cfgHandlers,
  ...cmapHandlers,
};
