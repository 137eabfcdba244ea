import { lookupService } from 'node:dns/promises';
import { isIP } from 'node:net';
import {
  type CmapValue,
  connectCmap,
  connectVotequorum,
  getQuorum,
  type QuorumView,
  trackQuorum,
  type VotequorumConnection,
} from '@sanode/cluster/client';
import { resultText } from '../../common/corosync-result.ts';
import { type ParsedOption, parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';
import { membershipTable, type Row, statusText, type TableOptions } from './status.ts';
import { usage } from './usage.ts';

type Keys = ReadonlyMap<string, CmapValue>;

interface Choice extends TableOptions {
  readonly command: string;
  readonly value: number;
  readonly nodeId: number;
}

/** corosync-quorumtool (corosync-services.md 11.2). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseShortOptions(argv, 'aVHslpmfe:v:hin:o:');
  if (parsed.error !== undefined) {
    io.stderr(`corosync-quorumtool: ${parsed.error}\n`);
    io.stdout(usage('corosync-quorumtool'));
    return 1;
  }
  const chosen = choose(parsed.options);
  if (typeof chosen === 'string') {
    io.stderr(`${chosen}\n`);
    return 1;
  }
  if (chosen.command === 'h') io.stdout(usage('corosync-quorumtool'));
  else if (chosen.command === 'V') io.stdout('corosync-quorumtool version: 3.1.7\n');
  else return withDaemon(chosen, io);
  return 0;
}

/** The choice, or the sentence about a bad value. */
function choose(options: readonly ParsedOption[]): Choice | string {
  const last = (letter: string): string | undefined => options.findLast((option) => option.option === letter)?.value;
  const has = (letter: string): boolean => options.some((option) => option.option === letter);
  const command = options.findLast((option) => 'slmfevhV'.includes(option.option))?.option ?? 's';
  const number = (letter: string): number => (/^-?\d+$/.test(last(letter) ?? '') ? Number(last(letter)) : -1);
  if (has('e') && number('e') < 1) return 'New expected votes value was not valid, try a positive number';
  if (has('v') && number('v') < 0) return 'New votes value was not valid, try a positive number or zero';
  if (has('n') && number('n') < 1) return 'The nodeid was not valid, try a positive number';
  const order = last('o') ?? 'i';
  if (!['a', 'i', 'n'].includes(order)) {
    return 'Invalid ordering option. valid orders are a(address), i(node ID) or n(name)';
  }
  return {
    command,
    value: command === 'e' ? number('e') : number('v'),
    nodeId: has('n') ? number('n') : 0,
    hexadecimal: has('H'),
    parsable: has('p'),
    addresses: has('i'),
    allNames: has('a'),
    order: has('o') ? order : undefined,
  };
}

async function withDaemon(choice: Choice, io: ToolIo): Promise<number> {
  let keys: Keys;
  try {
    const cmap = await connectCmap();
    keys = await cmap.list('');
    cmap.close();
  } catch (error) {
    resultText(error);
    io.stderr('Cannot initialize CMAP service\n');
    return 1;
  }
  const { hasProvider } = await getQuorum();
  if (!hasProvider) return withoutProvider(choice, io);
  const vote = await connectVotequorum();
  try {
    if (choice.command === 'e' || choice.command === 'v') return await change(vote, choice, io);
    if (choice.command === 'f') return await unregister(vote);
    if (choice.command === 'm') return await monitor(vote, keys, choice, io);
    const view = await currentView();
    const rows = await readRows(vote, keys, view, choice);
    if (choice.command === 'l') {
      io.stdout(`\n${membershipTable(rows, choice)}`);
      return 0;
    }
    io.stdout(await fullStatus(vote, view, rows, choice));
    return view.quorate ? 0 : 2;
  } catch (error) {
    io.stderr(`Unable to get the quorum status: ${resultText(error)}\n`);
    return 1;
  } finally {
    vote.close();
  }
}

function withoutProvider(choice: Choice, io: ToolIo): number {
  if (choice.command === 'l') {
    io.stdout('\nMembership information\n----------------------\n    Nodeid Name\n');
    return 0;
  }
  if (choice.command === 'm') {
    io.stderr('\nQuorum is not configured - cannot monitor\n');
    return 1;
  }
  const what: Readonly<Record<string, string>> = {
    e: 'You cannot change expected votes, corosync is not using votequorum',
    v: 'You cannot change node votes, corosync is not using votequorum',
    f: 'You cannot unregister quorum device, corosync is not using votequorum',
  };
  io.stderr(`${what[choice.command] ?? 'Unable to start votequorum status tracking: CS_ERR_BAD_HANDLE'}\n`);
  return 1;
}

async function change(vote: VotequorumConnection, choice: Choice, io: ToolIo): Promise<number> {
  const nodeId = choice.nodeId || vote.localNodeId;
  try {
    if (choice.command === 'e') await vote.setExpected(choice.value);
    else await vote.setVotes(nodeId, choice.value);
    return 0;
  } catch (error) {
    const what = choice.command === 'e' ? 'expected votes' : `votes ${choice.value} for nodeid: ${nodeId}`;
    io.stderr(`Unable to set ${what}: ${resultText(error)}\n`);
    return 1;
  }
}

async function unregister(vote: VotequorumConnection): Promise<number> {
  const info = await vote.info(0);
  if (info.deviceName !== '') await vote.unregisterDevice(info.deviceName);
  return 0;
}

/** The state now: the first event after tracking starts. */
async function currentView(): Promise<QuorumView> {
  const view = Promise.withResolvers<QuorumView>();
  const tracking = await trackQuorum(view.resolve, (reason) => view.reject(new Error(reason)));
  const now = await view.promise;
  tracking.close();
  return now;
}

async function monitor(vote: VotequorumConnection, keys: Keys, choice: Choice, io: ToolIo): Promise<number> {
  const ended = Promise.withResolvers<void>();
  let shown = Promise.resolve();
  const show = async (view: QuorumView): Promise<void> => {
    io.stdout(`${await fullStatus(vote, view, await readRows(vote, keys, view, choice), choice)}\n`);
  };
  await trackQuorum(
    (view) => {
      shown = shown.then(() => show(view)).catch(() => ended.resolve());
    },
    () => ended.resolve(),
  );
  await ended.promise;
  return 1;
}

async function fullStatus(
  vote: VotequorumConnection,
  view: QuorumView,
  rows: readonly Row[],
  choice: Choice,
): Promise<string> {
  const info = await vote.info(0);
  return statusText(view, info, new Date(), choice) + membershipTable(rows, choice);
}

async function readRows(
  vote: VotequorumConnection,
  keys: Keys,
  view: QuorumView,
  choice: Choice,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const nodeId of view.members) {
    const info = await vote.info(nodeId);
    const further = choice.allNames ? await resolvedNames(addresses(keys, nodeId).slice(1)) : [];
    const name = [nodeName(keys, nodeId, choice), ...further].join(', ');
    rows.push({ info, name, isLocal: nodeId === vote.localNodeId });
  }
  if (choice.order === 'n') rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (choice.order === 'a') {
    rows.sort((a, b) => (address(keys, a.info.nodeId) < address(keys, b.info.nodeId) ? -1 : 1));
  }
  return rows;
}

/** Numeric addresses of a node's links. */
export function addresses(keys: Keys, nodeId: number): string[] {
  const ip = String(keys.get(`runtime.members.${nodeId}.ip`)?.value ?? '');
  return [...ip.matchAll(/ip\(([^)]*)\)/g)].map((match) => match[1] as string);
}

function address(keys: Keys, nodeId: number): string {
  return addresses(keys, nodeId)[0] ?? '';
}

/** Host names of addresses; '' where there is none, as in the reference. */
function resolvedNames(list: readonly string[]): Promise<string[]> {
  return Promise.all(
    list.map((each) =>
      lookupService(each, 0)
        .then(({ hostname }) => (isIP(hostname) === 0 ? hostname : ''))
        .catch(() => ''),
    ),
  );
}

function nodeName(keys: Keys, nodeId: number, choice: Choice): string {
  if (choice.addresses) return address(keys, nodeId);
  for (const [key, value] of keys) {
    const position = /^nodelist\.node\.(\d+)\.nodeid$/.exec(key)?.[1];
    if (position === undefined || Number(value.value) !== nodeId) continue;
    const name =
      keys.get(`nodelist.node.${position}.name`)?.value ?? keys.get(`nodelist.node.${position}.ring0_addr`)?.value;
    return String(name ?? address(keys, nodeId));
  }
  return address(keys, nodeId);
}
