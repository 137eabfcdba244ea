import koffi from 'koffi';

/** Results of libcpg (cs_error_t). */
const csOk = 1;
const csTryAgain = 6;
/** cpg_guarantee_t: agreed order. */
const agreed = 2;
/** cs_dispatch_flags_t: everything that waits. */
const dispatchAll = 2;
const pollIn = 1;

/** What a member of a group does, whichever library is below. */
export interface GroupMember {
  /** Multicasts in agreed order. @returns whether it was taken; otherwise try again later */
  send(body: Uint8Array): Promise<boolean>;
  close(): void;
}

/** What a member is told. */
export interface GroupHandlers {
  deliver(nodeId: number, body: Uint8Array): void;
  membersChanged(count: number): void;
}

/** Longest wait of one poll, ms: then whoever wants to close is heard. */
const pollMs = 100;

/**
 * Joins a group through the distribution's own libcpg (man pages cpg_initialize, cpg_join, cpg_mcast_joined,
 * cpg_dispatch), so that what a real corosync delivers is seen with its own library.
 * @throws {Error} with the library's number
 */
export function joinWithLibcpg(group: string, handlers: GroupHandlers): GroupMember {
  const library = koffi.load('libcpg.so.4');
  const libc = koffi.load('libc.so.6');
  const name = koffi.struct('cpg_name', { length: 'uint32_t', value: koffi.array('uint8_t', 128) });
  const vector = koffi.struct('iovec', { base: 'void *', length: 'size_t' });
  const poller = koffi.struct('pollfd', { fd: 'int', events: 'short', revents: 'short' });
  const onDeliver = koffi.proto(
    'void cpg_deliver(uint64_t handle, void *group, uint32_t nodeid, uint32_t pid, void *message, size_t length)',
  );
  const onChange = koffi.proto(
    'void cpg_confchg(uint64_t handle, void *group, void *members, size_t memberCount, void *left, size_t leftCount, ' +
      'void *joined, size_t joinedCount)',
  );
  const callbacks = koffi.struct('cpg_callbacks', {
    deliver: koffi.pointer(onDeliver),
    change: koffi.pointer(onChange),
  });
  const initialize = library.func('cpg_initialize', 'int', [
    koffi.out(koffi.pointer('uint64_t')),
    koffi.pointer(callbacks),
  ]);
  const join = library.func('cpg_join', 'int', ['uint64_t', koffi.pointer(name)]);
  const descriptorOf = library.func('cpg_fd_get', 'int', ['uint64_t', koffi.out(koffi.pointer('int'))]);
  const dispatch = library.func('cpg_dispatch', 'int', ['uint64_t', 'int']);
  const multicast = library.func('cpg_mcast_joined', 'int', ['uint64_t', 'int', koffi.pointer(vector), 'uint32_t']);
  const finalize = library.func('cpg_finalize', 'int', ['uint64_t']);
  const poll = libc.func('poll', 'int', [koffi.inout(koffi.pointer(poller)), 'unsigned long', 'int']);

  const deliver = koffi.register(
    (_handle: bigint, _group: unknown, nodeId: number, _pid: number, message: unknown, length: number | bigint) => {
      handlers.deliver(nodeId, koffi.decode(message, koffi.array('uint8_t', Number(length), 'Typed')) as Uint8Array);
    },
    koffi.pointer(onDeliver),
  );
  const change = koffi.register((...fields: unknown[]) => {
    handlers.membersChanged(Number(fields[3]));
  }, koffi.pointer(onChange));

  const handleOut: [bigint | number] = [0n];
  must('cpg_initialize', initialize(handleOut, { deliver, change }) as number);
  const handle = handleOut[0];
  const value = Buffer.alloc(128);
  value.write(group);
  must('cpg_join', join(handle, { length: Buffer.byteLength(group), value }) as number);
  const fdOut: [number] = [0];
  must('cpg_fd_get', descriptorOf(handle, fdOut) as number);

  let closed = false;
  const wait = (): void => {
    const polled = [{ fd: fdOut[0], events: pollIn, revents: 0 }];
    poll.async(polled, 1, pollMs, (_error: unknown, ready: number) => {
      if (closed) {
        finalize(handle);
        return;
      }
      if (ready > 0) {
        const result = dispatch(handle, dispatchAll) as number;
        if (result !== csOk && result !== csTryAgain) must('cpg_dispatch', result);
      }
      wait();
    });
  };
  wait();
  return {
    send: async (body) => {
      const result = multicast(handle, agreed, [{ base: body, length: body.length }], 1) as number;
      if (result === csTryAgain) return false;
      must('cpg_mcast_joined', result);
      return true;
    },
    close: () => {
      closed = true;
    },
  };
}

function must(call: string, result: number): void {
  if (result !== csOk) throw new Error(`${call} failed: cs_error_t ${result}`);
}
