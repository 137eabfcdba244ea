import { execFileSync } from 'node:child_process';
import { sharedPath } from '@sanode/runtime/testing';

/** As the reference's own runner would: summary, scores, dot and graph. */
const twoRuns = `crm_simulate -x $f -S >$n.summary 2>&1
crm_simulate -x $f -D $n.dot -G $n.exp -sSQ 2>/dev/null >$n.scores`;
/** The same in half the time: summary and scores in one text. */
const oneRun = 'crm_simulate -x $f -sS -D $n.dot -G $n.exp >$n.text 2>&1';

/**
 * Lets the reference (../shared/lab/oracle) write its outputs beside every `*.xml` of a folder.
 * @param folder under /tmp, which the reference sees
 * @param way `separate` for the four files of the suite; `together` for `text`, `dot` and `exp`
 * @throws {Error} when the reference is not installed
 */
export function recordReference(folder: string, way: 'separate' | 'together'): void {
  const each = way === 'separate' ? twoRuns : oneRun;
  const script = `cd "$1"; for f in *.xml; do n=\${f%.xml}; ${each}\ndone; true`;
  execFileSync(sharedPath('lab', 'oracle'), ['run', 'sh', '-c', script, 'sh', folder], {
    stdio: 'ignore',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
}
