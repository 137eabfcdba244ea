/**
 * Messages of the local socket `corosync`. A request's body is an operation (u8) and its fields; its response a result
 * (u8, cs_error_t) and, when that is OK, fields. An event frame's body holds one event or more, each with its length
 * (u32) before it, so that a busy daemon sends many with one write. The operations are those of the reference's
 * services (corosync-services.md 3.3, 4, 5.10, 6.5, 7.7) but for `hello`, which opens every connection.
 */
export const protocolVersion = 1;

export const operation = {
  hello: 1,
  cpgJoin: 10,
  cpgLeave: 11,
  cpgMulticast: 12,
  cpgMulticastPartial: 13,
  cpgMembers: 14,
  cpgIterate: 15,
  quorumTrack: 20,
  quorumTrackStop: 21,
  quorumGet: 22,
  votequorumInfo: 30,
  votequorumSetExpected: 31,
  votequorumSetVotes: 32,
  votequorumTrack: 33,
  votequorumTrackStop: 34,
  qdeviceRegister: 35,
  qdeviceUnregister: 36,
  qdeviceUpdate: 37,
  qdevicePoll: 38,
  qdeviceMasterWins: 39,
  cfgRingStatus: 40,
  cfgKillNode: 41,
  cfgTryShutdown: 42,
  cfgReplyToShutdown: 43,
  cfgNodeAddresses: 44,
  cfgReload: 45,
  cfgReopenLogs: 46,
  cfgNodeStatus: 47,
  cfgTrack: 48,
  cfgTrackStop: 49,
  cmapGet: 60,
  cmapSet: 61,
  cmapDelete: 62,
  cmapAdjust: 63,
  cmapList: 64,
  cmapTrackAdd: 65,
  cmapTrackDelete: 66,
} as const;

export const event = {
  cpgDeliver: 1,
  cpgDeliverPartial: 2,
  cpgConfigurationChange: 3,
  cpgTotemConfiguration: 4,
  quorum: 10,
  quorumNodeList: 11,
  votequorumQuorum: 20,
  votequorumNodeList: 21,
  votequorumExpected: 22,
  cfgTestShutdown: 30,
  cmapChange: 40,
} as const;

/** Largest message on the socket, bytes: a multicast of 1 MiB with its fields, or a whole cmap. */
export const maxFrameBytes = 32 * 1024 * 1024;

/** Longest CPG message sent as one; longer ones go as fragments of at most this (corosync-services.md 3.3). */
export const maxAtomicMessageBytes = 1_048_576 - 1024;

/** Longest message that is reassembled from fragments, bytes. */
export const maxFragmentedMessageBytes = 64 * 1024 * 1024;

/** Longest CPG group name, bytes. */
export const maxGroupNameBytes = 128;
