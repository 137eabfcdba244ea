import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

/** Account of the cluster's daemons where the host has none (the numbers that the reference's packages reserve). */
const clusterId = 189;

/** Writes /etc/passwd, group and shadow of a machine: the host's, with hacluster and haclient made sure of. */
export function writeAccounts(diskDir: string): void {
  const etc = join(diskDir, 'etc');
  mkdirSync(etc, { recursive: true });
  const passwd = readFileSync('/etc/passwd', 'utf8');
  const group = readFileSync('/etc/group', 'utf8');
  writeFileSync(join(etc, 'group'), group.includes('\nhaclient:') ? group : `${group}haclient:x:${clusterId}:\n`);
  const account = `hacluster:x:${clusterId}:${clusterId}:cluster user:/var/lib/pacemaker:/usr/sbin/nologin\n`;
  writeFileSync(join(etc, 'passwd'), passwd.includes('\nhacluster:') ? passwd : passwd + account);
  writeFileSync(join(etc, 'shadow'), shadowLines('*'), { mode: 0o600 });
}

/** Text of an /etc/shadow in which only hacluster has a password. @param password at most 512 characters */
export function shadowText(password: string): string {
  const salt = `$6$${randomBytes(12).toString('base64url').replace(/[-_]/g, '.')}$`;
  const crypt = koffi.load('libcrypt.so.1').func('str crypt(str key, str salt)');
  const hash: unknown = crypt(password, salt);
  if (typeof hash !== 'string' || !hash.startsWith('$6$')) throw new Error('libcrypt made no SHA-512 hash');
  return shadowLines(hash);
}

function shadowLines(hash: string): string {
  return `root:*:19000:0:99999:7:::\nhacluster:${hash}:19000:0:99999:7:::\n`;
}

/** Writes /etc/hosts of a machine: every machine of the lab by name. */
export function writeHosts(diskDir: string, hosts: readonly { name: string; address: string }[]): void {
  const lines = ['127.0.0.1 localhost', '::1 localhost', ...hosts.map((host) => `${host.address} ${host.name}`)];
  writeFileSync(join(diskDir, 'etc', 'hosts'), `${lines.join('\n')}\n`);
}
