// One member of a CPG group on a node of either kind, run on the node by the totem bench:
//
//   totem-client.ts libcpg|sanode GROUP load NODEID MEMBERS BYTES SECONDS    sends all the time, prints what was delivered
//   totem-client.ts libcpg|sanode GROUP watch                                prints each membership and when it was told
//
// Prints JSON lines: LoadReport, or MembershipReport for each change.
import { joinGroup } from '../../interop/src/join-group.ts';

/** What a member under load prints at its end. */
export interface LoadReport {
  /** Messages delivered here while it was measured, from all members. */
  readonly delivered: number;
  readonly seconds: number;
  /** Messages delivered here from the start, not only while it was measured. */
  readonly deliveredInAll: number;
}

/** What a watching member prints at each change. */
export interface MembershipReport {
  readonly members: number;
  /** Wall-clock time with fractions, ms since 1970. */
  readonly atMs: number;
}

/** Before the measuring begins, ms: programs warm up. */
const warmUpMs = 1500;
/** What a member has on its way at most: enough that the ring never waits for it. */
const windowBytes = 512 * 1024;
const windowMessages = 2000;
const fewestMessages = 16;
/** Pause after the daemon took no message, ms. */
const retryMs = 2;

const nowMs = (): number => performance.timeOrigin + performance.now();

interface LoadPlan {
  /** Node id of this node. */
  readonly own: number;
  readonly members: number;
  readonly bytes: number;
  readonly seconds: number;
}

async function load(library: string, group: string, { own, members, bytes, seconds }: LoadPlan): Promise<void> {
  const window = Math.max(fewestMessages, Math.min(windowMessages, Math.trunc(windowBytes / bytes)));
  const body = Buffer.alloc(bytes, 0x5a);
  let delivered = 0;
  let onTheirWay = 0;
  let failure: unknown;
  let wake: () => void = () => {};
  let complete: () => void = () => {};
  const whole = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const member = await joinGroup(library, group, {
    deliver: (nodeId, content) => {
      if (content.length !== bytes) throw new Error(`${content.length} bytes were delivered, not ${bytes}`);
      delivered += 1;
      if (nodeId !== own) return;
      onTheirWay -= 1;
      wake();
    },
    membersChanged: (count) => {
      if (count === members) complete();
    },
  });
  await whole;
  let open = true;
  const send = async (): Promise<void> => {
    while (open) {
      let refused = false;
      while (onTheirWay < window && !refused) {
        onTheirWay += 1;
        const taken = member.send(body);
        taken.then(
          (isTaken) => {
            if (isTaken) return;
            onTheirWay -= 1;
            refused = true;
          },
          (error) => {
            failure = error;
          },
        );
        if (onTheirWay % 64 === 0) await Promise.resolve();
      }
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (refused) setTimeout(resolve, retryMs);
      });
    }
  };
  const sending = send();
  await pause(warmUpMs);
  const fromMs = performance.now();
  const before = delivered;
  await pause(seconds * 1000);
  const measured = { delivered: delivered - before, seconds: (performance.now() - fromMs) / 1000 };
  open = false;
  wake();
  await sending;
  const report: LoadReport = { ...measured, deliveredInAll: delivered };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  member.close();
}

async function watch(library: string, group: string): Promise<void> {
  await joinGroup(library, group, {
    deliver: () => {},
    membersChanged: (members) => process.stdout.write(`${JSON.stringify({ members, atMs: nowMs() })}\n`),
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const [library = '', group = '', mode, ...numbers] = process.argv.slice(2);
  if (mode === 'watch') await watch(library, group);
  else {
    const [own = 0, members = 0, bytes = 0, seconds = 0] = numbers.map(Number);
    await load(library, group, { own, members, bytes, seconds });
    // What poll() still waits for need not be waited for.
    setTimeout(() => process.exit(0), 300).unref();
  }
}
