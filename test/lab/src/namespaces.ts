import { spawnSync } from 'node:child_process';

/**
 * Starts this program again in a user namespace when it is not root, so that it may make namespaces.
 * @returns exit code of that run; undefined when this process is root already and can go on itself
 * @throws {Error} when the kernel refuses user namespaces
 */
export function reenterAsNamespaceRoot(): number | undefined {
  if (process.getuid?.() === 0) return undefined;
  const probe = spawnSync('unshare', ['--user', '--map-root-user', '--net', '--mount', 'true'], { encoding: 'utf8' });
  if (probe.status !== 0) {
    throw new Error(
      `this kernel does not let an ordinary user make namespaces (${(probe.stderr ?? '').trim()}). ` +
        'Run it as root, or allow it: sysctl kernel.unprivileged_userns_clone=1 ' +
        'kernel.apparmor_restrict_unprivileged_userns=0',
    );
  }
  console.error('sanode: not root: using a user namespace. It has one uid only, so the daemons do not change users.');
  const result = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--mount', process.execPath, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, SANODE_LAB_UID: String(process.getuid?.()) } },
  );
  return result.status ?? 1;
}
