import { lookup } from 'node:dns/promises';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { ConfSystem } from '@sanode/conf';
import { accountByName, groupIdByName } from '@sanode/runtime';
import koffi from 'koffi';

const SCHED_RR = 2;
const F_SETLK = 6;
const F_WRLCK = 1;
const EAGAIN = 11;
const EACCES = 13;

/** Users and groups of this machine. */
export const accounts: ConfSystem = {
  userId: (name) => accountByName(name)?.uid,
  groupId: groupIdByName,
};

/** Numeric addresses of all interfaces that are up. */
export function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
}

/** Resolves node addresses, the first family it has an address in. Names that do not resolve are left out. */
export async function resolveAddresses(
  names: readonly string[],
  families: readonly (4 | 6)[],
): Promise<Map<string, string>> {
  const resolved = new Map<string, string>();
  for (const name of names) {
    try {
      // One question for both families: what /etc/hosts knows is answered without a name server.
      const found = await lookup(name, { all: true });
      const best = families.map((family) => found.find((entry) => entry.family === family)).find((entry) => entry);
      if (best !== undefined) resolved.set(name, best.address);
    } catch {}
  }
  return resolved;
}

/** Asks for round-robin real-time scheduling of this thread. @returns undefined, or why it was refused */
export function setRealTimePriority(priority: number): string | undefined {
  const libc = koffi.load('libc.so.6');
  const schedule = libc.func('int sched_setscheduler(int pid, int policy, void *param)');
  const param = Buffer.alloc(4);
  param.writeInt32LE(priority);
  return schedule(0, SCHED_RR, param) === 0 ? undefined : `errno ${koffi.errno()}`;
}

/** Takes the lock that keeps a second daemon away and writes the process id. @returns whether it was free */
export function takeLock(path: string): boolean {
  const descriptor = openSync(path, 'a+', 0o640);
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, void *lock)');
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(F_WRLCK, 0);
  if (fcntl(descriptor, F_SETLK, lock) !== 0) {
    const errno = koffi.errno();
    closeSync(descriptor);
    if (errno === EAGAIN || errno === EACCES) return false;
    throw new Error(`fcntl on ${path} failed with errno ${errno}`);
  }
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, `${process.pid}\n`);
  return true;
}
