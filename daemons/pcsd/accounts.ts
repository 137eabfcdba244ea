import { readFileSync } from 'node:fs';
import { clusterGroup } from '@sanode/runtime';
import { execa } from 'execa';

/** How a login ended. `busy`: too many are being checked, this one was not. */
export type LoginOutcome = 'accepted' | 'refused' | 'busy';

/** Logins that are checked at the same time; PAM makes a wrong one wait for seconds. */
const maxConcurrentChecks = 8;
/** Longest user name and password, characters. */
const maxNameLength = 256;
const maxPasswordLength = 1024;
/** A PAM module may wait for a directory server, ms. */
const checkTimeoutMs = 60_000;

/** First argument of the process that checks one password; name and password come on its standard input. */
export const checkArgument = '--check-password';

/** Checks logins against PAM, in child processes. */
export class Accounts {
  #running = 0;

  /** Whether the password is the user's and the user is in the group haclient. Never logs either. */
  async logIn(username: string, password: string): Promise<LoginOutcome> {
    const sane = username !== '' && !/[\0\n]/.test(`${username}${password}`);
    if (!sane || username.length > maxNameLength || password.length > maxPasswordLength) return 'refused';
    if (this.#running >= maxConcurrentChecks) return 'busy';
    this.#running += 1;
    try {
      const right = await checkPassword(username, password);
      return right && isClusterUser(username) ? 'accepted' : 'refused';
    } finally {
      this.#running -= 1;
    }
  }
}

async function checkPassword(username: string, password: string): Promise<boolean> {
  const program = process.argv[1] as string;
  const result = await execa(process.execPath, [program, checkArgument], {
    input: `${username}\n${password}`,
    reject: false,
    timeout: checkTimeoutMs,
    env: { NOTIFY_SOCKET: undefined },
  });
  return result.exitCode === 0;
}

/** Whether a user is in the group haclient (as primary or further group), which may use the cluster's tools. */
export function isClusterUser(
  username: string,
  passwd: string = readFileSync('/etc/passwd', 'utf8'),
  group: string = readFileSync('/etc/group', 'utf8'),
): boolean {
  const entry = group
    .split('\n')
    .find((line) => line.startsWith(`${clusterGroup}:`))
    ?.split(':');
  if (entry === undefined) return false;
  if ((entry[3] ?? '').split(',').includes(username)) return true;
  const user = passwd
    .split('\n')
    .find((line) => line.startsWith(`${username}:`))
    ?.split(':');
  return user !== undefined && user[3] === entry[2];
}
