import type { VotequorumInfo } from '@sanode/cluster/client';
import { describe, expect, it } from 'vitest';
import { addresses } from './index.ts';
import { membershipTable, statusText } from './status.ts';

const options = { hexadecimal: false, parsable: false, addresses: false, allNames: false, order: undefined };
const info = (over: Partial<VotequorumInfo>): VotequorumInfo => ({
  nodeId: 1,
  state: 1,
  votes: 1,
  expectedVotes: 3,
  highestExpected: 3,
  totalVotes: 2,
  quorum: 2,
  flags: 2,
  deviceVotes: 0,
  deviceName: '',
  ...over,
});
const row = (nodeId: number, flags = 2, deviceVotes = 0) => ({
  info: info({ nodeId, flags, deviceVotes, deviceName: deviceVotes > 0 ? 'Qdevice' : '' }),
  name: `lb${nodeId}`,
});

describe('corosync-quorumtool', () => {
  it('prints the status of 11.2', () => {
    const view = { quorate: true, ringNodeId: 1, ringSequence: 17n, members: [1, 2] };
    const rows = [
      { ...row(1), isLocal: true },
      { ...row(2), isLocal: false },
    ];
    const date = new Date(2026, 10, 22, 8, 43, 19);
    expect(statusText(view, info({}), date, options) + membershipTable(rows, options)).toBe(`Quorum information
------------------
Date:             Sun Nov 22 08:43:19 2026
Quorum provider:  corosync_votequorum
Nodes:            2
Node ID:          1
Ring ID:          1.11
Quorate:          Yes

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      2
Quorum:           2  
Flags:            Quorate 

Membership information
----------------------
    Nodeid      Votes Name
         1          1 lb1 (local)
         2          1 lb2
`);
  });

  it('says that activity is blocked, with no flags', () => {
    const view = { quorate: false, ringNodeId: 1, ringSequence: 17n, members: [1] };
    const text = statusText(view, info({ flags: 0 }), new Date(2026, 10, 2), options);
    expect(text).toContain('Date:             Mon Nov  2 ');
    expect(text).toContain('Quorate:          No\n');
    expect(text).toContain('Quorum:           2 Activity blocked\nFlags:            \n\n');
  });

  it('shows the quorum device and where the vote is', () => {
    const head = '    Nodeid      Votes    Qdevice Name\n';
    const withVote = [
      { ...row(1, 2 | 64 | 128 | 256, 1), isLocal: true },
      { ...row(2, 2 | 64 | 128 | 256, 1), isLocal: false },
    ];
    expect(
      membershipTable(withVote, options).split('----\n')[1],
    ).toBe(`${head}         1          1    A,V,NMW lb1 (local)
         2          1    A,V,NMW lb2
         0          1            Qdevice
`);
    const without = [{ ...row(2, 64 | 128, 1), isLocal: true }];
    expect(
      membershipTable(without, options).split('----\n')[1],
    ).toBe(`${head}         2          1   A,NV,NMW lb2 (local)
         0          0            Qdevice (votes 1)
`);
  });
});

it('knows all addresses of a node: -a shows the further ones behind its name', () => {
  const keys = new Map([
    ['runtime.members.1.ip', { type: 'str', value: 'r(0) ip(10.0.0.1) r(1) ip(10.0.1.1) ' } as const],
    ['runtime.members.2.ip', { type: 'str', value: 'r(0) ip(10.0.0.2) ' } as const],
  ]);
  expect(addresses(keys, 1)).toEqual(['10.0.0.1', '10.0.1.1']);
  expect(addresses(keys, 2)).toEqual(['10.0.0.2']);
  expect(addresses(keys, 3)).toEqual([]);
});
