import { readFileSync } from 'node:fs';

/** Name of an account by /etc/passwd; its number where it has none there. */
export function accountName(uid: number): string {
  return lookUp('/etc/passwd', (fields) => fields[2] === String(uid))?.[0] ?? String(uid);
}

/** Number of a group by /etc/group; undefined where there is none, or where this process may not give files to it. */
export function groupId(name: string): number | undefined {
  const found = lookUp('/etc/group', (fields) => fields[0] === name)?.[2];
  if (found === undefined) return undefined;
  const gid = Number.parseInt(found, 10);
  const mayGive = process.getuid?.() === 0 ? mapsGroup(gid) : (process.getgroups?.() ?? []).includes(gid);
  return mayGive ? gid : undefined;
}

function lookUp(file: string, passes: (fields: string[]) => boolean): string[] | undefined {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(passes);
  } catch {
    return undefined;
  }
}

/** Whether a group exists in this user namespace (user_namespaces(7)). */
function mapsGroup(gid: number): boolean {
  try {
    return readFileSync('/proc/self/gid_map', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .some(([first, , count]) => first !== undefined && count !== undefined && gid >= first && gid < first + count);
  } catch {
    return true;
  }
}
