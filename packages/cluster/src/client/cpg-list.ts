import { ByteWriter } from '../wire/bytes.ts';
import { readCount } from '../wire/cpg.ts';
import { operation } from '../wire/protocol.ts';
import { type ConnectOptions, openSession } from './session.ts';

/** A process in a group; node id and pid are 0 where only names were asked for. */
export interface CpgListEntry {
  readonly group: Buffer;
  readonly nodeId: number;
  readonly pid: number;
}

/** All groups of the ring and their processes, in the reference's order (corosync-services.md 3.6). */
export async function listCpgGroups(namesOnly: boolean, options: ConnectOptions = {}): Promise<CpgListEntry[]> {
  const session = await openSession({ event() {}, closed() {} }, options);
  try {
    const request = new ByteWriter().u8(operation.cpgIterate).u8(namesOnly ? 1 : 0);
    const fields = await session.request(request.finish());
    const entries: CpgListEntry[] = [];
    for (let count = readCount(fields); count > 0; count -= 1) {
      entries.push({ nodeId: fields.u32(), pid: fields.u32(), group: Buffer.from(fields.bytes()) });
    }
    return entries;
  } finally {
    session.close();
  }
}
