import { loadLibc, noLibc } from './libc.ts';

const SYS_PIDFD_OPEN = 434;
const POLLIN = 1;
const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const pollEntryBytes = 8;

interface Calls {
  pidfdOpen(call: number, pid: number, flags: number): number;
  eventfd(value: number, flags: number): number;
  poll: {
    async(entries: Buffer, count: number, timeoutMs: number, done: (error: unknown, ready: number) => void): void;
  };
  write(fd: number, data: Buffer, size: number): number;
  read(fd: number, data: Buffer, size: number): number;
  close(fd: number): number;
}

let calls: Calls | undefined;

function libc(): Calls {
  if (calls !== undefined) return calls;
  const library = loadLibc();
  if (library === undefined) throw new Error(`processes cannot be watched: ${noLibc}`);
  calls = {
    pidfdOpen: library.func('long syscall(long call, int pid, uint flags)'),
    eventfd: library.func('int eventfd(uint value, int flags)'),
    poll: library.func('int poll(void *entries, ulong count, int timeout)'),
    write: library.func('long write(int fd, void *data, size_t size)'),
    read: library.func('long read(int fd, void *data, size_t size)'),
    close: library.func('int close(int fd)'),
  } as unknown as Calls;
  return calls;
}

/** A process under watch. */
export interface WatchedProcess {
  /** Stops watching it; its handler will not be called any more. */
  cancel(): void;
}

/**
 * Tells at once when processes end that need not be children of this one (pidfd_open(2), kernel 5.3). One thread of the
 * pool waits in poll(2) for all of them while at least one is watched.
 */
export class ProcessExitWatcher {
  readonly #wakeup: number;
  readonly #watched = new Map<number, () => void>();
  #waiting = false;
  #closed = false;

  constructor() {
    this.#wakeup = libc().eventfd(0, EFD_CLOEXEC_NONBLOCK);
    if (this.#wakeup < 0) throw new Error('eventfd failed: no descriptors left');
    process.once('exit', this.#atExit);
  }

  /** The end of this process waits for the pool's threads, and ours waits for others' ends: it has to be woken. */
  readonly #atExit = (): void => this.#signal();

  /**
   * Calls `ended` once when the process ends; soon when it has ended already or never was. The caller checks after
   * arming that the pid still is the process it means.
   */
  watch(pid: number, ended: () => void): WatchedProcess {
    const descriptor = libc().pidfdOpen(SYS_PIDFD_OPEN, pid, 0);
    if (descriptor < 0) {
      const soon = setImmediate(ended);
      return { cancel: () => clearImmediate(soon) };
    }
    this.#watched.set(descriptor, ended);
    this.#wake();
    return {
      cancel: () => {
        if (this.#watched.get(descriptor) !== ended) return;
        this.#watched.delete(descriptor);
        this.#release(descriptor);
      },
    };
  }

  /** Ends all watches. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const descriptor of this.#watched.keys()) this.#retired.push(descriptor);
    this.#watched.clear();
    if (this.#waiting) this.#signal();
    else this.#dispose();
  }

  /** Descriptors to be closed as soon as no poll looks at them: a reused number would be watched by mistake. */
  readonly #retired: number[] = [];

  #release(descriptor: number): void {
    this.#retired.push(descriptor);
    if (this.#waiting) this.#signal();
    else this.#closeRetired();
  }

  #closeRetired(): void {
    for (const descriptor of this.#retired.splice(0)) libc().close(descriptor);
  }

  #dispose(): void {
    process.removeListener('exit', this.#atExit);
    this.#closeRetired();
    libc().close(this.#wakeup);
  }

  #wake(): void {
    if (this.#waiting) this.#signal();
    else this.#wait();
  }

  #signal(): void {
    const one = Buffer.alloc(8);
    one.writeBigUInt64LE(1n);
    libc().write(this.#wakeup, one, one.length);
  }

  #wait(): void {
    const descriptors = [this.#wakeup, ...this.#watched.keys()];
    const entries = Buffer.alloc(descriptors.length * pollEntryBytes);
    for (const [index, descriptor] of descriptors.entries()) {
      entries.writeInt32LE(descriptor, index * pollEntryBytes);
      entries.writeInt16LE(POLLIN, index * pollEntryBytes + 4);
    }
    this.#waiting = true;
    libc().poll.async(entries, descriptors.length, -1, () => this.#returned(descriptors, entries));
  }

  #returned(descriptors: readonly number[], entries: Buffer): void {
    this.#waiting = false;
    libc().read(this.#wakeup, Buffer.alloc(8), 8);
    const handlers: (() => void)[] = [];
    for (const [index, descriptor] of descriptors.entries()) {
      const events = entries.readInt16LE(index * pollEntryBytes + 6);
      const ended = this.#watched.get(descriptor);
      if (index === 0 || events === 0 || ended === undefined) continue;
      this.#watched.delete(descriptor);
      this.#retired.push(descriptor);
      handlers.push(ended);
    }
    this.#closeRetired();
    if (this.#closed) this.#dispose();
    else if (this.#watched.size > 0) this.#wait();
    for (const handler of handlers) handler();
  }
}
