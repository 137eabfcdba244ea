import { readlinkSync, writeFileSync } from 'node:fs';
import type { Logger } from '@sanode/runtime';

/** The kernel's initial process namespace has this inode (PROC_PID_INIT_INO). */
const initialPidNamespace = 'pid:[4026531836]';

/**
 * Takes the machine down at once (PCMK_panic_action: reboot, crash, sync-reboot, sync-crash; default reboot) through
 * /proc/sysrq-trigger. In a container or a lab's namespace that would hit the machine around it: there the caller
 * must end everything of this node instead.
 * @returns whether the kernel was asked
 */
export function panicMachine(action: string | undefined, log: Logger): boolean {
  if (!ownsMachine()) return false;
  const wanted = action ?? 'reboot';
  const keys = wanted.startsWith('sync-') ? ['s'] : [];
  keys.push(wanted.endsWith('crash') ? 'c' : 'b');
  try {
    for (const key of keys) writeFileSync('/proc/sysrq-trigger', key);
    return true;
  } catch (error) {
    log.fatal({ err: error }, 'the kernel refuses to take the machine down');
    return false;
  }
}

function ownsMachine(): boolean {
  try {
    return process.getuid?.() === 0 && readlinkSync('/proc/self/ns/pid') === initialPidNamespace;
  } catch {
    return false;
  }
}
