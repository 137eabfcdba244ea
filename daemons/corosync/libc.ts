import { loadLibc } from '@sanode/runtime';

/** Calls of the C library that the daemon makes. */
export interface DaemonCalls {
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, data: Buffer, size: number, flags: number, address: Buffer, length: number): number;
  fcntl(fd: number, command: number, lock: Buffer): number;
  sched_setscheduler(pid: number, policy: number, param: Buffer): number;
  sched_get_priority_max(policy: number): number;
  sched_get_priority_min(policy: number): number;
  setpriority(which: number, who: number, priority: number): number;
  mlockall(flags: number): number;
  setrlimit(resource: number, limits: Buffer): number;
  /** Of the call before. */
  errno(): number;
}

let calls: DaemonCalls | undefined;

/** The calls; undefined where the C library cannot be called. */
export function libc(): DaemonCalls | undefined {
  const library = loadLibc();
  if (library === undefined) return undefined;
  calls ??= {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    sendto: library.func('long sendto(int fd, void *data, size_t size, int flags, void *address, uint length)'),
    fcntl: library.func('int fcntl(int fd, int command, void *lock)'),
    sched_setscheduler: library.func('int sched_setscheduler(int pid, int policy, void *param)'),
    sched_get_priority_max: library.func('int sched_get_priority_max(int policy)'),
    sched_get_priority_min: library.func('int sched_get_priority_min(int policy)'),
    setpriority: library.func('int setpriority(int which, uint who, int priority)'),
    mlockall: library.func('int mlockall(int flags)'),
    setrlimit: library.func('int setrlimit(int resource, void *limits)'),
    errno: library.errno,
  } as unknown as DaemonCalls;
  return calls;
}
