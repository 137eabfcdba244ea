import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import { type RingView, readConfigurationChange, readRingView } from '../wire/cpg.ts';
import {
  event,
  maxAtomicMessageBytes,
  maxFragmentedMessageBytes,
  maxGroupNameBytes,
  operation,
} from '../wire/protocol.ts';
import { csResult, csResultName } from '../wire/results.ts';
import { FragmentAssembler } from './fragments.ts';
import { type ConnectOptions, openSession, type Session } from './session.ts';
import { CorosyncError, type CpgConfigurationChange, type CpgConnection, type CpgHandlers } from './types.ts';

/** Messages and bytes that may be on their way to the daemon before `mcast` says TRY_AGAIN. */
const maxPendingMessages = 8192;
const maxPendingBytes = 8 * 1024 * 1024;
/** Where one frame's batch ends. */
const maxBatchBytes = 256 * 1024;

/** Further settings of {@link connectCpg}. */
export interface CpgOptions extends ConnectOptions {
  /** Called with each ring's members, after the group's own notifications (corosync-services.md 3.6). */
  readonly totemConfiguration?: (ring: RingView) => void;
  /** Deliver the totem configuration at the join too. */
  readonly initialTotemConfiguration?: boolean;
}

/**
 * Joins a process group of the local corosync daemon.
 * @param group name of the group, 1..128 bytes, binary; Pacemaker's names include a trailing NUL
 * @returns when the join was taken; the first configuration change that lists this process follows
 * @throws {CorosyncError} LIBRARY (not running), ACCESS, TRY_AGAIN (no ring yet), NAME_TOO_LONG, EXIST (this process is
 * in the group already)
 */
export async function connectCpg(
  group: string,
  handlers: CpgHandlers,
  options: CpgOptions = {},
): Promise<CpgConnection> {
  const name = Buffer.from(group, 'latin1');
  if (name.length === 0) throw new CorosyncError('INVALID_PARAM', 'a group needs a name');
  if (name.length > maxGroupNameBytes) throw new CorosyncError('NAME_TOO_LONG', 'a group name has at most 128 bytes');
  const connection = new Cpg(handlers, options);
  await connection.join(name, options);
  return connection;
}

interface PendingMessage {
  readonly body: Uint8Array;
  resolve(): void;
  reject(error: CorosyncError): void;
}

class Cpg implements CpgConnection {
  #session: Session | undefined;
  readonly #handlers: CpgHandlers;
  readonly #options: CpgOptions;
  readonly #fragments = new FragmentAssembler(maxFragmentedMessageBytes);
  #queue: PendingMessage[] = [];
  #pendingMessages = 0;
  #pendingBytes = 0;
  #flushScheduled = false;
  #large: Promise<void> = Promise.resolve();
  #largeWaiting = 0;
  #leaving: (() => void) | undefined;

  constructor(handlers: CpgHandlers, options: CpgOptions) {
    this.#handlers = handlers;
    this.#options = options;
  }

  get localNodeId(): number {
    return (this.#session as Session).localNodeId;
  }

  async join(name: Buffer, options: CpgOptions): Promise<void> {
    const session = await openSession(
      {
        event: (kind, fields) => this.#event(kind, fields),
        closed: (reason) => this.#closed(reason),
      },
      options,
    );
    this.#session = session;
    try {
      await joinWithRetry(session, name, options.initialTotemConfiguration === true);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  mcast(body: Uint8Array): Promise<void> {
    if (body.length > maxAtomicMessageBytes || this.#largeWaiting > 0) return this.#mcastLarge(body);
    if (this.#pendingMessages >= maxPendingMessages || this.#pendingBytes + body.length > maxPendingBytes) {
      return Promise.reject(new CorosyncError('TRY_AGAIN', 'too many messages wait for the ring'));
    }
    return this.#enqueue(body);
  }

  async leave(): Promise<void> {
    const left = new Promise<void>((resolve) => {
      this.#leaving = resolve;
    });
    await (this.#session as Session).request(Buffer.of(operation.cpgLeave));
    await left;
  }

  close(): void {
    this.#session?.close();
    this.#fail(new CorosyncError('BAD_HANDLE', 'the connection was closed'));
  }

  #enqueue(body: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ body, resolve, reject });
      this.#pendingMessages += 1;
      this.#pendingBytes += body.length;
      if (this.#flushScheduled) return;
      this.#flushScheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** Sends what was queued in this turn, in as few frames as the batch size allows. */
  #flush(): void {
    this.#flushScheduled = false;
    const queue = this.#queue;
    this.#queue = [];
    let batch: PendingMessage[] = [];
    let bytes = 0;
    for (const message of queue) {
      if (bytes > 0 && bytes + message.body.length > maxBatchBytes) {
        this.#sendBatch(batch, bytes);
        batch = [];
        bytes = 0;
      }
      batch.push(message);
      bytes += message.body.length;
    }
    if (batch.length > 0) this.#sendBatch(batch, bytes);
  }

  #sendBatch(batch: readonly PendingMessage[], bytes: number): void {
    const writer = new ByteWriter(1 + 4 * batch.length + bytes).u8(operation.cpgMulticast);
    for (const message of batch) writer.bytes(message.body);
    const settle = (): void => {
      this.#pendingMessages -= batch.length;
      this.#pendingBytes -= bytes;
    };
    (this.#session as Session).request(writer.finish()).then(
      () => {
        settle();
        for (const message of batch) message.resolve();
      },
      (error: CorosyncError) => {
        settle();
        for (const message of batch) message.reject(error);
      },
    );
  }

  /** A message in fragments, one after the other; what is sent meanwhile waits behind it to keep the order. */
  #mcastLarge(body: Uint8Array): Promise<void> {
    if (body.length > maxFragmentedMessageBytes) {
      return Promise.reject(new CorosyncError('TOO_BIG', `a message of ${body.length} bytes is over the limit`));
    }
    if (this.#largeWaiting >= 64) {
      return Promise.reject(new CorosyncError('TRY_AGAIN', 'too many long messages wait for the ring'));
    }
    this.#largeWaiting += 1;
    const before = this.#large.catch(() => {});
    const sent = before.then(() =>
      body.length > maxAtomicMessageBytes ? this.#sendFragments(body) : this.#enqueue(body),
    );
    this.#large = sent.finally(() => {
      this.#largeWaiting -= 1;
    });
    return this.#large;
  }

  async #sendFragments(body: Uint8Array): Promise<void> {
    if (this.#flushScheduled) this.#flush();
    for (let at = 0; at < body.length; at += maxAtomicMessageBytes) {
      const end = Math.min(at + maxAtomicMessageBytes, body.length);
      const type = at === 0 ? 1 : end === body.length ? 3 : 2;
      const writer = new ByteWriter(16 + end - at).u8(operation.cpgMulticastPartial).u8(type).u32(body.length);
      await (this.#session as Session).request(writer.bytes(body.subarray(at, end)).finish());
    }
  }

  #event(kind: number, fields: ByteReader): void {
    if (kind === event.cpgDeliver) {
      this.#handlers.deliver(fields.u32(), fields.u32(), fields.bytes());
    } else if (kind === event.cpgDeliverPartial) {
      const nodeId = fields.u32();
      const pid = fields.u32();
      const whole = this.#fragments.take(nodeId, pid, fields.u8(), fields.u32(), fields.bytes());
      if (whole !== undefined) this.#handlers.deliver(nodeId, pid, whole);
    } else if (kind === event.cpgConfigurationChange) {
      const isOwn = fields.u8() === 1;
      this.#configurationChange(readConfigurationChange(fields), isOwn);
    } else if (kind === event.cpgTotemConfiguration) {
      this.#options.totemConfiguration?.(readRingView(fields));
    }
  }

  #configurationChange(change: CpgConfigurationChange, ownLeave: boolean): void {
    for (const member of change.left) this.#fragments.forget(member.nodeId, member.pid);
    this.#handlers.configurationChange(change);
    if (ownLeave) this.#leaving?.();
  }

  #closed(reason: string): void {
    this.#fail(new CorosyncError('LIBRARY', reason));
    this.#handlers.closed(reason);
  }

  #fail(error: CorosyncError): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const message of queue) message.reject(error);
  }
}

/** Repeats a join that the daemon puts off: a ring is being formed, or this process's last leave is on its way. */
async function joinWithRetry(session: Session, name: Buffer, initialTotem: boolean): Promise<void> {
  const body = new ByteWriter()
    .u8(operation.cpgJoin)
    .u8(initialTotem ? 1 : 0)
    .bytes(name)
    .finish();
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const { result } = await session.exchange(body);
    if (result === csResult.OK) return;
    const code = csResultName(result);
    if (code !== 'TRY_AGAIN' || performance.now() > deadlineMs) {
      throw new CorosyncError(code === 'OK' ? 'LIBRARY' : code, `corosync refused to join the group: CS_ERR_${code}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
