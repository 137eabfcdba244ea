import { lookup } from 'node:dns/promises';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { ConfSystem } from '@sanode/conf';
import { accountByName, groupIdByName } from '@sanode/runtime';
import { libc } from './libc.ts';

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

/** Takes the lock that keeps a second daemon away and writes the process id. @returns whether it was free */
export function takeLock(path: string): boolean {
  const descriptor = openSync(path, 'a+', 0o640);
  const calls = libc();
  if (calls === undefined) {
    // No lock can be asked for: the process that the file names decides.
    if (isAlive(Number(readFileSync(path, 'utf8')))) {
      closeSync(descriptor);
      return false;
    }
  } else {
    const lock = Buffer.alloc(32);
    lock.writeInt16LE(F_WRLCK, 0);
    if (calls.fcntl(descriptor, F_SETLK, lock) !== 0) {
      const errno = calls.errno();
      closeSync(descriptor);
      if (errno === EAGAIN || errno === EACCES) return false;
      throw new Error(`fcntl on ${path} failed with errno ${errno}`);
    }
  }
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, `${process.pid}\n`);
  return true;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
