/** Name of the lab that `npm start` makes. */
const usualName = 'tutorial';

/**
 * The lab that `npm run lab` drives.
 * @param running names of the labs that run now
 * @param asked SANODE_LAB, if it is set
 * @throws {Error} saying what runs, when it is not clear which one is meant
 */
export function chooseLab(running: readonly string[], asked: string | undefined): string {
  const list = [...running].sort().join(', ');
  if (asked !== undefined && asked !== '') {
    if (running.includes(asked)) return asked;
    throw new Error(`no lab ${asked} is running (SANODE_LAB); ${list === '' ? 'none is' : `there are: ${list}`}`);
  }
  if (running.includes(usualName)) return usualName;
  const [only, second] = running;
  if (only === undefined) throw new Error('no lab is running; start it with: npm start');
  if (second !== undefined) throw new Error(`several labs are running: ${list}; set SANODE_LAB to the one you mean`);
  return only;
}
