import { type CibReply, cibResult, cibResultText, connectCib, createPatchset } from '@sanode/cib';
import { attr, type Element, withAttributes } from '@sanode/xml';
import type { CibStore } from './context.ts';
import { fail } from './errors.ts';
import { rebase } from './rebase.ts';

/** Times a change is made anew because another one came between reading and writing. */
const maxAttempts = 5;

/** The running cluster's CIB. A change is sent as a patchset, so that what others change meanwhile stays (cli-pcs.md 2). */
export function liveCib(): CibStore {
  return {
    async read() {
      const client = await connect();
      try {
        const reply = await client.call({ operation: 'cib_query' });
        if (reply.rc !== cibResult.ok || reply.data === undefined) {
          fail(`unable to get cib: Call cib_query failed (${reply.rc}): ${cibResultText(reply.rc)}`);
        }
        return reply.data;
      } finally {
        client.close();
      }
    },
    async write(before, after) {
      const client = await connect();
      try {
        let reply: CibReply = { rc: cibResult.generic, data: undefined };
        for (let attempt = 0; attempt < maxAttempts; attempt++) {
          const now = await client.call({ operation: 'cib_query' });
          if (now.rc !== cibResult.ok || now.data === undefined) break;
          const rebased = rebase(before, after, now.data);
          if (rebased === undefined)
            fail(
              'Unable to update cib: the configuration was changed meanwhile by someone else; nothing was changed, please repeat the command',
            );
          reply = await client.call({ operation: 'cib_apply_diff', data: patchFor(now.data, rebased) });
          if (reply.rc !== cibResult.oldData && reply.rc !== cibResult.diffFailed) break;
        }
        if (reply.rc !== cibResult.ok) {
          fail(`Unable to update cib\nCall cib_apply_diff failed (${reply.rc}): ${cibResultText(reply.rc)}`);
        }
      } finally {
        client.close();
      }
    },
  };
}

async function connect(): ReturnType<typeof connectCib> {
  try {
    return await connectCib({ clientName: 'cibadmin', writable: true });
  } catch {
    return fail(
      'unable to get cib: Could not connect to the CIB: Transport endpoint is not connected; is the cluster running on this node?',
    );
  }
}

/** The patchset to the next epoch. */
function patchFor(now: Element, changed: Element): Element {
  const epoch = Number(attr(now, 'epoch') ?? '0') + 1;
  return createPatchset(now, withAttributes(changed, { epoch, num_updates: 0 }));
}
