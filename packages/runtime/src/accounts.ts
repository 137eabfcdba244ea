import { readFileSync } from 'node:fs';

/** An account of this machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Primary group. */
  readonly gid: number;
}

/** Account by name from /etc/passwd; undefined when there is none. */
export function accountByName(name: string): Account | undefined {
  return readAccounts().find((account) => account.name === name);
}

/** Account's name by user id; undefined when none has it. */
export function accountName(uid: number): string | undefined {
  return readAccounts().find((account) => account.uid === uid)?.name;
}

/** Group id by name from /etc/group; undefined when there is none. */
export function groupIdByName(name: string): number | undefined {
  for (const fields of databaseLines('/etc/group')) if (fields[0] === name) return integer(fields[2]);
  return undefined;
}

/**
 * Whether this process can give a file to a group, or become a user: where only some ids exist (a user namespace) the
 * kernel refuses the others.
 */
export function idIsMapped(kind: 'uid' | 'gid', id: number): boolean {
  let map: string;
  try {
    map = readFileSync(`/proc/self/${kind}_map`, 'utf8');
  } catch {
    return true;
  }
  return map.split('\n').some((line) => {
    const [inside, , count] = line.trim().split(/\s+/).map(Number);
    return inside !== undefined && count !== undefined && id >= inside && id < inside + count;
  });
}

/** Group id for the daemons' sockets and folders: haclient's, where this process may use it. */
export function usableGroupId(name: string): number | undefined {
  const gid = groupIdByName(name);
  if (gid === undefined || !idIsMapped('gid', gid)) return undefined;
  const own = process.getuid?.() === 0 || process.getgid?.() === gid || process.getgroups?.().includes(gid) === true;
  return own ? gid : undefined;
}

function readAccounts(): Account[] {
  return databaseLines('/etc/passwd').flatMap((fields) => {
    const [name, , uidText, gidText] = fields;
    const uid = integer(uidText);
    const gid = integer(gidText);
    return name === undefined || uid === undefined || gid === undefined ? [] : [{ name, uid, gid }];
  });
}

function databaseLines(file: string): string[][] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return content.split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.split(':')]));
}

function integer(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}
