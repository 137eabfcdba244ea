import type { QuorumView, VotequorumInfo } from '@sanode/cluster/client';

/** How the table is printed. */
export interface TableOptions {
  readonly hexadecimal: boolean;
  /** Always with the column of the quorum device. */
  readonly parsable: boolean;
  readonly addresses: boolean;
  readonly allNames: boolean;
  /** a, i or n when chosen. */
  readonly order: string | undefined;
}

export interface Row {
  readonly info: VotequorumInfo;
  readonly name: string;
  readonly isLocal: boolean;
}

const deviceRegistered = 64;
const deviceAlive = 128;
const deviceCastVote = 256;
const deviceMasterWins = 512;

function nodeIdText(nodeId: number, options: TableOptions): string {
  return options.hexadecimal ? `0x${nodeId.toString(16).padStart(8, '0')}` : String(nodeId);
}

/** ctime(3) of a time: `Sun Nov 22 08:43:19 2026`. */
function ctime(date: Date): string {
  const [day, month, number, year] = date.toDateString().split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${date.toTimeString().slice(0, 8)} ${year}`;
}

function flagsText(info: VotequorumInfo): string {
  const names: [number, string][] = [
    [1, '2Node '],
    [2, 'Quorate '],
    [4, 'WaitForAll '],
    [8, 'LastManStanding '],
    [16, 'AutoTieBreaker '],
    [32, 'AllowDownscale '],
    [deviceRegistered, 'Qdevice '],
  ];
  return names.map(([bit, name]) => ((info.flags & bit) === 0 ? '' : name)).join('');
}

/** The first two blocks of `-s`, and the empty line behind each. */
export function statusText(view: QuorumView, info: VotequorumInfo, now: Date, options: TableOptions): string {
  const blocked = (info.flags & 2) === 0 ? 'Activity blocked' : ' ';
  return `Quorum information
------------------
Date:             ${ctime(now)}
Quorum provider:  corosync_votequorum
Nodes:            ${view.members.length}
Node ID:          ${nodeIdText(info.nodeId, options)}
Ring ID:          ${view.ringNodeId.toString(16)}.${view.ringSequence.toString(16)}
Quorate:          ${view.quorate ? 'Yes' : 'No'}

Votequorum information
----------------------
Expected votes:   ${info.expectedVotes}
Highest expected: ${info.highestExpected}
Total votes:      ${info.totalVotes}
Quorum:           ${info.quorum} ${blocked}
Flags:            ${flagsText(info)}

`;
}

function deviceCell({ flags }: VotequorumInfo): string {
  if ((flags & deviceRegistered) === 0) return 'NR';
  const word = (bit: number, yes: string, no: string): string => ((flags & bit) === 0 ? no : yes);
  return [word(deviceAlive, 'A', 'NA'), word(deviceCastVote, 'V', 'NV'), word(deviceMasterWins, 'MW', 'NMW')]
    .join(',')
    .slice(0, 9);
}

/** The block with the members. */
export function membershipTable(rows: readonly Row[], options: TableOptions): string {
  const registered = rows.some(({ info }) => (info.flags & deviceRegistered) !== 0);
  const withDevice = registered || options.parsable;
  const cell = (text: string): string => `${text.padStart(10)} `;
  let text = 'Membership information\n----------------------\n';
  text += `${cell('Nodeid')}${cell('Votes')}${withDevice ? cell('Qdevice') : ''}Name\n`;
  for (const { info, name, isLocal } of rows) {
    text += options.hexadecimal ? `${nodeIdText(info.nodeId, options)} ` : cell(String(info.nodeId));
    text += cell(String(info.votes)) + (withDevice ? cell(deviceCell(info)) : '');
    text += `${name}${isLocal ? ' (local)' : ''}\n`;
  }
  const own = rows.find((row) => row.isLocal)?.info;
  if (registered && own !== undefined) {
    const casts = (own.flags & deviceCastVote) !== 0;
    text += `${cell('0')}${cell(String(casts ? own.deviceVotes : 0))}           ${own.deviceName}`;
    text += casts ? '\n' : ` (votes ${own.deviceVotes})\n`;
  }
  return text;
}
