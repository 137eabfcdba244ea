const ethertypeArp = 0x0806;
const broadcastMac = Buffer.alloc(6, 0xff);
const noMac = Buffer.alloc(6);

export const arpOperation = { request: 1, reply: 2 } as const;

/** An ARP frame with its Ethernet header, 42 bytes (ocf-agents.md 2.6). */
export function arpFrame(
  operation: number,
  sender: { mac: Buffer; ip: Buffer },
  target: { mac: Buffer; ip: Buffer },
): Buffer {
  const frame = Buffer.alloc(42);
  broadcastMac.copy(frame, 0);
  sender.mac.copy(frame, 6);
  frame.writeUInt16BE(ethertypeArp, 12);
  frame.writeUInt16BE(1, 14);
  frame.writeUInt16BE(0x0800, 16);
  frame.writeUInt8(6, 18);
  frame.writeUInt8(4, 19);
  frame.writeUInt16BE(operation, 20);
  sender.mac.copy(frame, 22);
  sender.ip.copy(frame, 28);
  target.mac.copy(frame, 32);
  target.ip.copy(frame, 38);
  return frame;
}

/** The two announcements of a pair: request without target MAC, reply with our own. */
export function announcementFrames(mac: Buffer, ip: Buffer): readonly [Buffer, Buffer] {
  return [
    arpFrame(arpOperation.request, { mac, ip }, { mac: noMac, ip }),
    arpFrame(arpOperation.reply, { mac, ip }, { mac, ip }),
  ];
}

/** The question of duplicate address detection: sender 0.0.0.0, as arping -D asks it. */
export function probeFrame(mac: Buffer, ip: Buffer): Buffer {
  return arpFrame(arpOperation.request, { mac, ip: Buffer.alloc(4) }, { mac: broadcastMac, ip });
}

/** Whether a received ARP frame says that someone else has (or wants) the address. */
export function isConflict(frame: Buffer, mac: Buffer, ip: Buffer): boolean {
  if (frame.length < 42 || frame.readUInt16BE(12) !== ethertypeArp) return false;
  const senderMac = frame.subarray(22, 28);
  const senderIp = frame.subarray(28, 32);
  if (senderMac.equals(mac)) return false;
  const isProbe = senderIp.equals(Buffer.alloc(4)) && frame.subarray(38, 42).equals(ip);
  return senderIp.equals(ip) || isProbe;
}

/** ICMPv6 part of an unsolicited neighbour advertisement, 32 bytes (ocf-agents.md 2.7); the kernel adds the checksum. */
export function neighborAdvertisement(mac: Buffer, ip: Buffer): Buffer {
  const message = Buffer.alloc(32);
  message.writeUInt8(136, 0);
  message.writeUInt32BE(0x20000000, 4);
  ip.copy(message, 8);
  message.writeUInt8(2, 24);
  message.writeUInt8(1, 25);
  mac.copy(message, 26);
  return message;
}
