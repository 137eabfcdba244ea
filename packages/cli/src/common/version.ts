import { announcedRelease } from '@sanode/runtime';

/** What `--version` prints: the release announced, as programs look for it, and who this really is. */
export function versionText(): string {
  return `Pacemaker ${announcedRelease().pacemakerVersion}\nsanode, a reimplementation of Corosync and Pacemaker\n`;
}
