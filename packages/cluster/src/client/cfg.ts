import { ByteWriter } from '../wire/bytes.ts';
import { readCount } from '../wire/cpg.ts';
import { event, operation } from '../wire/protocol.ts';
import { csResult, csResultName } from '../wire/results.ts';
import { type ConnectOptions, openSession } from './session.ts';
import { CorosyncError } from './types.ts';

/** How a shutdown of the local node is asked for (corosync-services.md 6.2). */
export type ShutdownMode = 'request' | 'regardless' | 'immediate';
const shutdownFlags: Readonly<Record<ShutdownMode, number>> = { request: 0, regardless: 1, immediate: 2 };

/** One link of a node as the local node sees it (corosync-services.md 6.5, node status). */
export interface LinkStatus {
  readonly link: number;
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly dynamicallyConnected: boolean;
  readonly mtu: number;
  readonly source: string;
  readonly destination: string;
}

export interface NodeStatus {
  readonly nodeId: number;
  readonly reachable: boolean;
  readonly remote: boolean;
  readonly external: boolean;
  readonly links: readonly LinkStatus[];
}

/** One local ring interface: `<link> <address>` and its status text. */
export interface RingStatus {
  readonly name: string;
  readonly status: string;
}

export interface CfgConnection {
  readonly localNodeId: number;
  /**
   * Asks the local daemon to leave the cluster and end. Programs that track shutdowns may refuse.
   * @throws {CorosyncError} BUSY when one refused, EXIST when another request is pending, TRY_AGAIN
   */
  tryShutdown(mode: ShutdownMode): Promise<void>;
  /** Answers a test-shutdown event. @throws {CorosyncError} ACCESS when none is pending */
  replyToShutdown(agree: boolean): Promise<void>;
  ringStatus(): Promise<readonly RingStatus[]>;
  /** @throws {CorosyncError} FAILED_OPERATION for an unknown node */
  nodeStatus(nodeId: number): Promise<NodeStatus>;
  /** Numeric addresses of a node's links. @throws {CorosyncError} NOT_EXIST */
  nodeAddresses(nodeId: number): Promise<readonly string[]>;
  /** Ends another node's daemon at once. @throws {CorosyncError} NOT_EXIST */
  killNode(nodeId: number, reason: string): Promise<void>;
  /** Makes every node read its own corosync.conf again. @throws {CorosyncError} INVALID_PARAM when this node's is bad */
  reload(): Promise<void>;
  reopenLogs(): Promise<void>;
  close(): void;
}

export interface CfgOptions extends ConnectOptions {
  /**
   * Registers this program to be asked before a shutdown. It must answer with `replyToShutdown`.
   * `timedOut`: no more answers are counted.
   */
  readonly testShutdown?: (mode: ShutdownMode, timedOut: boolean) => void;
  readonly closed?: (reason: string) => void;
}

/**
 * Opens the configuration service of the local corosync daemon.
 * @throws {CorosyncError} LIBRARY (not running), ACCESS, TRY_AGAIN (no ring yet)
 */
export async function connectCfg(options: CfgOptions = {}): Promise<CfgConnection> {
  const session = await openSession(
    {
      event(kind, fields) {
        if (kind !== event.cfgTestShutdown) return;
        const flags = fields.u8();
        const timedOut = fields.u8() === csResult.TIMEOUT;
        options.testShutdown?.(flags === 1 ? 'regardless' : flags === 2 ? 'immediate' : 'request', timedOut);
      },
      closed: (reason) => options.closed?.(reason),
    },
    options,
  );
  if (options.testShutdown !== undefined) await session.request(Buffer.of(operation.cfgTrack));
  async function withNode(op: number, nodeId: number) {
    return session.request(new ByteWriter().u8(op).u32(nodeId).finish());
  }
  return {
    localNodeId: session.localNodeId,
    async tryShutdown(mode) {
      const { result } = await session.exchange(Buffer.of(operation.cfgTryShutdown, shutdownFlags[mode]));
      const code = csResultName(result);
      if (code !== 'OK') throw new CorosyncError(code, `corosync does not shut down: CS_ERR_${code}`);
    },
    async replyToShutdown(agree) {
      await session.request(Buffer.of(operation.cfgReplyToShutdown, agree ? 1 : 0));
    },
    async ringStatus() {
      const fields = await session.request(Buffer.of(operation.cfgRingStatus));
      const rings: RingStatus[] = [];
      for (let count = readCount(fields, 16); count > 0; count -= 1) {
        rings.push({ name: fields.text(), status: fields.text() });
      }
      return rings;
    },
    async nodeStatus(nodeId) {
      const fields = await withNode(operation.cfgNodeStatus, nodeId);
      const head = { nodeId, reachable: fields.u8() === 1, remote: fields.u8() === 1, external: fields.u8() === 1 };
      const links: LinkStatus[] = [];
      for (let count = readCount(fields, 8); count > 0; count -= 1) {
        links.push({
          link: fields.u8(),
          enabled: fields.u8() === 1,
          connected: fields.u8() === 1,
          dynamicallyConnected: fields.u8() === 1,
          mtu: fields.u32(),
          source: fields.text(),
          destination: fields.text(),
        });
      }
      return { ...head, links };
    },
    async nodeAddresses(nodeId) {
      const fields = await withNode(operation.cfgNodeAddresses, nodeId);
      const addresses: string[] = [];
      for (let count = readCount(fields, 8); count > 0; count -= 1) addresses.push(fields.text());
      return addresses;
    },
    async killNode(nodeId, reason) {
      await session.request(new ByteWriter().u8(operation.cfgKillNode).u32(nodeId).text(reason).finish());
    },
    async reload() {
      await session.request(Buffer.of(operation.cfgReload));
    },
    async reopenLogs() {
      await session.request(Buffer.of(operation.cfgReopenLogs));
    },
    close: () => session.close(),
  };
}
