import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AgentContext, squeeze } from '@sanode/ocf';
import { announcementFrames, isConflict, neighborAdvertisement, probeFrame } from './frames.ts';
import { openArpSocket, openNeighborSocket } from './raw-socket.ts';
import { type LinkEntry, linkFlag } from './rtnetlink-codec.ts';
import { stateDirectory, type Target } from './settings.ts';

const ethernet = 1;
const macBytes = 6;

/** Whether announcements make sense: an Ethernet-like interface that speaks ARP. */
function canAnnounce(link: LinkEntry | undefined): link is LinkEntry & { hardwareAddress: Buffer } {
  return (
    link !== undefined &&
    link.hardwareType === ethernet &&
    link.hardwareAddress?.length === macBytes &&
    (link.flags & (linkFlag.loopback | linkFlag.noArp)) === 0
  );
}

function tokenFile(ip: string): string {
  return `${stateDirectory}/announce-${ip}`;
}

/**
 * Takes over announcing an address: whoever announced it before stops at the next frame, in this process or another,
 * as the token in the file is no longer theirs.
 */
function takeToken(ip: string): { isOurs: () => boolean; release: () => void } {
  const token = randomUUID();
  const file = tokenFile(ip);
  const isOurs = (): boolean => {
    try {
      return readFileSync(file, 'utf8') === token;
    } catch {
      return false;
    }
  };
  mkdirSync(stateDirectory, { recursive: true, mode: 0o1755 });
  writeFileSync(file, token);
  return { isOurs, release: () => isOurs() && rmSync(file, { force: true }) };
}

/** Ends announcements that still run. Returns whether there were any. */
export function endAnnouncements(ip: string): boolean {
  try {
    rmSync(tokenFile(ip));
    return true;
  } catch {
    return false;
  }
}

async function spread(
  context: Pick<AgentContext, 'sleep'>,
  ip: string,
  count: number,
  gapMs: number,
  send: (index: number) => void,
): Promise<void> {
  const token = takeToken(ip);
  const startMs = performance.now();
  try {
    for (let index = 0; index < count; index += 1) {
      // Against the start, not the last one: a late timer must not add up.
      const waitMs = startMs + index * gapMs - performance.now();
      if (waitMs > 0) await context.sleep(waitMs);
      if (index > 0 && !token.isOurs()) return;
      send(index);
    }
  } finally {
    token.release();
  }
}

/** Sends `count` pairs of gratuitous ARP, request and reply, half an interval apart (ocf-agents.md 2.6). */
export async function announceIpv4(
  context: Pick<AgentContext, 'sleep' | 'log'>,
  target: Target,
  count: number,
  intervalMs: number,
): Promise<void> {
  if (!canAnnounce(target.link) || target.address === undefined || count === 0) return;
  const frames = announcementFrames(target.link.hardwareAddress, target.address.bytes);
  const socket = await openArpSocket(target.link.index);
  try {
    await spread(context, target.ip, count * 2, intervalMs / 2, (index) => socket.send(frames[index % 2] ?? frames[0]));
  } catch (error) {
    context.log('err', `Could not send gratuitous arps: ${(error as Error).message}`);
  } finally {
    socket.close();
  }
}

/** Sends unsolicited neighbour advertisements, an interval after each (ocf-agents.md 2.7). @throws {Error} */
export async function announceIpv6(
  context: Pick<AgentContext, 'sleep'>,
  target: Target,
  count: number,
  intervalMs: number,
): Promise<void> {
  if (!canAnnounce(target.link) || target.address === undefined) return;
  const message = neighborAdvertisement(target.link.hardwareAddress, target.address.bytes);
  const socket = await openNeighborSocket(target.link.index, target.address.bytes);
  try {
    await spread(context, target.ip, count, intervalMs, () => socket.send(message));
  } finally {
    socket.close();
  }
}

/** Announces with the program that arp_sender names. */
export async function announceByProgram(context: AgentContext, target: Target, count: number): Promise<void> {
  const options = context.param('send_arp_opts').split(/\s+/).filter(Boolean);
  const calls: Readonly<Record<string, readonly string[]>> = {
    iputils_arping: ['arping', ...options, '-U', '-c', String(count), '-I', target.nic, target.ip],
    libnet_arping: ['arping', ...options, '-U', '-c', String(count), '-i', target.nic, '-S', target.ip, target.ip],
    ipoibarping: ['ipoibarping', '-q', '-c', String(count), '-U', '-I', target.nic, target.ip],
  };
  const [file = '', ...args] = calls[context.param('arp_sender')] ?? [];
  context.log('info', [file, ...args].join(' '));
  const result = await context.run(file, args);
  if (result.code !== 0) context.log('err', `Could not send gratuitous arps: rc=${result.code}`);
  context.log('info', squeeze(result.stdout + result.stderr));
}

const probeCount = 2;
const probeGapMs = 1000;
const probePollMs = 20;

/** Asks twice, a second apart, whether someone has the address (IPv4); true at the first answer. */
export async function isAddressTaken(context: Pick<AgentContext, 'sleep'>, target: Target): Promise<boolean> {
  if (!canAnnounce(target.link) || target.address === undefined) return false;
  const { bytes } = target.address;
  const mac = target.link.hardwareAddress;
  const socket = await openArpSocket(target.link.index, true);
  try {
    for (let asked = 0; asked < probeCount; asked += 1) {
      socket.send(probeFrame(mac, bytes));
      const untilMs = performance.now() + probeGapMs;
      while (performance.now() < untilMs) {
        for (let frame = socket.receive(); frame !== undefined; frame = socket.receive()) {
          if (isConflict(frame, mac, bytes)) return true;
        }
        await context.sleep(probePollMs);
      }
    }
    return false;
  } finally {
    socket.close();
  }
}
