import { handleRequest } from '@sanode/cluster/server/server';
import { Session } from '@sanode/cluster/server/session';
import { StatisticsMap } from '@sanode/cluster/server/statistics-map';
import { FakeCluster, quietDaemon } from '@sanode/cluster/testing/fake-cluster';
import { ByteWriter } from '@sanode/cluster/wire/bytes';
import { operation, protocolVersion } from '@sanode/cluster/wire/protocol';
import { encodeFrame, FrameError, FrameReader, frameKind } from '@sanode/ipc/frame';
import type { SimRandom } from '@sanode/sim';
import { mutated, noise } from './mutate.ts';
import type { FuzzTarget, FuzzTargetKind } from './target.ts';

const maxBodyBytes = 4096;
const restEvery = 50;
/** Requests of one connection before a new one takes its place. */
const connectionEvery = 200;

/** Frames of a local socket, cut at any place. */
class FrameTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #samples: readonly Buffer[];
  readonly #counters = { frames: 0, refused: 0 };
  #reader = new FrameReader(maxBodyBytes);

  constructor(random: SimRandom) {
    this.#random = random;
    this.#samples = Object.values(frameKind).flatMap((kind) =>
      [0, 1, 40, 3000].map((bytes) => encodeFrame(kind, bytes, Buffer.alloc(bytes, 5))),
    );
  }

  next(): void {
    const good = this.#random.below(2) === 0;
    const bytes = good ? this.#random.pick(this.#samples) : mutated(this.#random, this.#samples);
    const cut = this.#random.below(bytes.length + 1);
    try {
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        this.#counters.frames += this.#reader.push(part).length;
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#counters.refused += 1;
      this.#reader = new FrameReader(maxBodyBytes);
    }
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  finish(): void {
    const frames = new FrameReader(maxBodyBytes).push(encodeFrame(frameKind.request, 1, Buffer.from('x')));
    if (frames.length !== 1) throw new Error('a good frame is not read');
  }
}

/** Requests of local programs to the corosync daemon. */
class RequestTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #cluster = new FakeCluster({ nodeIds: [1, 2] });
  readonly #counters = { answered: 0, refused: 0, events: 0 };
  #session: Session | undefined;
  #fed = 0;

  constructor(random: SimRandom) {
    this.#random = random;
    this.#cluster.rings([1, 2]);
  }

  next(): void {
    if (this.#fed % connectionEvery === 0) this.#connect();
    this.#fed += 1;
    this.#ask(this.#body());
    if (this.#fed % restEvery > 0) return;
    this.#cluster.settle();
    this.#cluster.wire.length = 0;
    for (const node of this.#cluster.nodes) node.process.length = 0;
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  finish(): void {
    this.#connect();
    const before = this.#counters.answered;
    this.#ask(Buffer.from([operation.quorumGet]));
    if (this.#counters.answered !== before + 1) throw new Error('a good request gets no answer');
  }

  #ask(body: Buffer): void {
    const answer = (result: number): void => {
      if (result === 1) this.#counters.answered += 1;
      else this.#counters.refused += 1;
    };
    handleRequest(this.#session as Session, body, answer, { isOpen: true, gid: undefined });
  }

  #connect(): void {
    this.#session?.end();
    this.#cluster.settle();
    const client = {
      id: `client-${this.#fed}`,
      credentials: { pid: 1000 + (this.#fed % 30_000), uid: 0, gid: 0 },
      queuedBytes: 0,
      sendEvent: () => {
        this.#counters.events += 1;
      },
      close() {},
    };
    const daemon = {
      ...quietDaemon,
      ringStatus: () => [{ name: '0 10.0.0.1', status: 'OK' }],
      nodeAddresses: () => ['10.0.0.1'],
    };
    this.#session = new Session(client, this.#cluster.node(1).core, daemon, new StatisticsMap(daemon, new Map()));
    this.#ask(new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(1).finish());
  }

  #body(): Buffer {
    const random = this.#random;
    const writer = new ByteWriter().u8(
      random.below(10) === 0 ? random.below(256) : random.pick(Object.values(operation)),
    );
    for (let fields = random.below(6); fields > 0; fields -= 1) this.#field(writer);
    const body = writer.finish();
    return random.below(3) === 0 ? mutated(random, [body]) : body;
  }

  #field(writer: ByteWriter): void {
    const random = this.#random;
    const kind = random.below(5);
    if (kind === 0) writer.u8(random.below(256));
    else if (kind === 1) writer.u32(random.pick([0, 1, 2, 3, 7, 255, 65_536, 0x7fffffff, 0xffffffff]));
    else if (kind === 2) writer.u64(BigInt(random.uint32()) << BigInt(random.below(33)));
    else if (kind === 3)
      writer.text(random.pick(['', 'g', 'totem.token', 'nodelist.', 'x'.repeat(300), '\0', 'quorum.']));
    else writer.bytes(noise(random, random.below(40)));
  }
}

/** What local programs send. */
export const localTargets: readonly FuzzTargetKind[] = [
  { name: 'ipc-frames', make: (random) => new FrameTarget(random) },
  { name: 'ipc-requests', make: (random) => new RequestTarget(random) },
];
