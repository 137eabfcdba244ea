import { ByteWriter } from '../wire/bytes.ts';
import { readRingView } from '../wire/cpg.ts';
import { event, operation } from '../wire/protocol.ts';
import { type ConnectOptions, openSession } from './session.ts';
import type { QuorumView } from './types.ts';

/**
 * Follows the ring's membership and whether it has quorum. The handler is called at once with what is now, and at each
 * change (corosync-services.md 4, flags CURRENT and CHANGES).
 * @param closed the daemon is gone
 * @throws {CorosyncError} LIBRARY (not running), ACCESS, TRY_AGAIN (no ring yet)
 */
export async function trackQuorum(
  handler: (view: QuorumView) => void,
  closed: (reason: string) => void,
  options: ConnectOptions = {},
): Promise<{ close(): void }> {
  const session = await openSession(
    {
      event(kind, fields) {
        if (kind === event.quorum) handler({ quorate: fields.u8() === 1, ...readRingView(fields) });
      },
      closed,
    },
    options,
  );
  await session.request(new ByteWriter().u8(operation.quorumTrack).u32(3).finish());
  return { close: () => session.close() };
}

/** Whether this node's partition has quorum, and whether a quorum provider is configured. */
export async function getQuorum(options: ConnectOptions = {}): Promise<{ quorate: boolean; hasProvider: boolean }> {
  const session = await openSession({ event() {}, closed() {} }, options);
  try {
    const fields = await session.request(Buffer.of(operation.quorumGet));
    return { quorate: fields.u8() === 1, hasProvider: fields.u8() === 1 };
  } finally {
    session.close();
  }
}
