import { attr, childElements } from '@sanode/xml';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';

/** `constraint remove ID…`. */
export async function removeConstraints(context: PcsContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) usage();
  const editor = await context.cib();
  for (const id of ids) {
    const found = childElements(editor.section('constraints')).find((constraint) => attr(constraint, 'id') === id);
    const inner = found ?? editor.find((candidate) => candidate.name === 'rule' && attr(candidate, 'id') === id);
    if (inner === undefined) return fail(`Unable to find constraint - '${id}'`);
    editor.remove(inner);
  }
  await context.save(editor);
}
