import { groupByKeywords, parseOptions } from '../arguments.ts';
import type { PcsContext } from '../context.ts';
import type { ClusterPlan } from '../corosync-conf.ts';
import { fail, quoteList, usage } from '../errors.ts';

export interface SetupPlan extends ClusterPlan {
  /** Warnings to show before anything is done. */
  readonly warnings: readonly string[];
}

/** Most nodes of a cluster, and most characters of its name (corosync's limits). */
const maxNodes = 128;
const maxNameLength = 255;

const knetMissing = "transport 'knet' is not available yet";
const transports = ['knet', 'udp', 'udpu'];
const quorumNames = ['auto_tie_breaker', 'last_man_standing', 'last_man_standing_window', 'wait_for_all'];
const totemNames = (
  'block_unlisted_ips consensus downcheck fail_recv_const heartbeat_failures_allowed hold join max_messages ' +
  'max_network_delay merge miss_count_const send_join seqno_unchanged_const token token_coefficient ' +
  'token_retransmit token_retransmits_before_loss_const window_size'
).split(' ');
const booleanNames = new Set(['auto_tie_breaker', 'last_man_standing', 'wait_for_all', 'block_unlisted_ips']);

/** The options a setup in the old syntax takes: `--name N node[,alt]…` (cli-pcs.md 6.1). @throws {PcsError} */
export function oldSetupPlan(context: PcsContext, words: readonly string[]): SetupPlan {
  const name = context.option('name') ?? '';
  if (name === '') fail('A cluster name (--name <name>) is required to setup a cluster');
  checkName(name);
  const nodes = words.map((word) => {
    const [node, ...alternatives] = word.split(',') as [string, ...string[]];
    if (alternatives.length > 0)
      fail(`a second ring ('${word}') is not available yet: rings besides the first come with knet`);
    return { name: node, addresses: [node] };
  });
  checkNodes(nodes.map((node) => node.name));
  const transport = context.option('transport') ?? 'udpu';
  if (!['udp', 'udpu'].includes(transport)) fail(`unknown transport '${transport}', use 'udp', 'udpu'`);
  if (transport === 'udp') fail("transport 'udp' (multicast) is not available yet, use 'udpu'");
  for (const option of ['rrpmode', 'addr0', 'addr1', 'mcast0', 'bcast0', 'broadcast0', 'ipv6']) {
    if (context.has(option)) fail(`option --${option} is not available yet`);
  }
  const encryption = context.option('encryption') ?? '0';
  if (!['0', '1'].includes(encryption)) fail(`Invalid value '${encryption}' of option --encryption, use '0', '1'`);
  if (encryption === '1') fail('encryption is not available yet: traffic of the transport udpu is not encrypted');
  const totem = taken(context, [
    'netmtu',
    'token',
    'token_coefficient',
    'join',
    'consensus',
    'miss_count_const',
    'fail_recv_const',
  ]);
  const quorum = taken(context, ['wait_for_all', 'auto_tie_breaker', 'last_man_standing', 'last_man_standing_window']);
  checkNumbers([...totem, ...quorum]);
  return {
    name,
    dialect: '0.9',
    nodes,
    transport,
    totem,
    interfaces: [],
    quorum,
    secauth: false,
    uuid: false,
    warnings: [],
  };
}

function taken(context: PcsContext, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const value = context.option(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/**
 * A setup in today's syntax: `NAME (node [addr=A]…)… [transport …] [totem …] [quorum …]` (cli-pcs.md 6.2).
 * @param defaultAddress address of a node for which none is given @throws {PcsError}
 */
export function newSetupPlan(
  context: PcsContext,
  words: readonly string[],
  defaultAddress: (node: string) => string,
): SetupPlan {
  const [name, ...rest] = words;
  if (name === undefined || rest.length === 0) usage();
  checkName(name);
  const runs = groupByKeywords(rest, ['transport', 'totem', 'quorum']);
  const nodes = parseNodes(context, runs[0]?.words ?? [], defaultAddress);
  const only = (keyword: string): readonly string[] => {
    const found = runs.filter((run) => run.keyword === keyword);
    if (found.length > 1) fail(`'${keyword}' can be used only once`);
    return found[0]?.words ?? [];
  };
  const warnings: string[] = [];
  const totem = new Map<string, string>();
  const interfaces: Map<string, string>[] = [];
  const transport = parseTransport(only('transport'), totem, interfaces, warnings);
  const totemOptions = checked('totem', parseOptions(only('totem')), totemNames);
  for (const [option, value] of [...totemOptions].sort()) totem.set(option, value);
  const quorum = checked('quorum', parseOptions(only('quorum')), quorumNames);
  const uuid = !context.has('no-cluster-uuid');
  return { name, dialect: 'today', nodes, transport, totem, interfaces, quorum, secauth: false, uuid, warnings };
}

function parseNodes(
  context: PcsContext,
  words: readonly string[],
  defaultAddress: (node: string) => string,
): { name: string; addresses: string[] }[] {
  const nodes: { name: string; addresses: string[] }[] = [];
  for (const word of words) {
    const current = nodes.at(-1);
    if (word.startsWith('addr=')) {
      if (current === undefined) usage();
      current.addresses.push(word.slice('addr='.length));
    } else if (word.includes('=')) {
      fail(`invalid node option '${word.slice(0, word.indexOf('='))}', allowed option is 'addr'`);
    } else {
      nodes.push({ name: word, addresses: [] });
    }
  }
  checkNodes(nodes.map((node) => node.name));
  for (const node of nodes) {
    if (node.addresses.length > 1)
      fail(`Node '${node.name}' has ${node.addresses.length} addresses; with transport 'udpu' each node has exactly 1`);
    if (node.addresses.length === 1) continue;
    const address = defaultAddress(node.name);
    node.addresses.push(address);
    context.say(`No addresses specified for host '${node.name}', using '${address}'`);
  }
  return nodes;
}

function parseTransport(
  words: readonly string[],
  totem: Map<string, string>,
  interfaces: Map<string, string>[],
  warnings: string[],
): string {
  const [first, ...rest] = words;
  const named = first !== undefined && !first.includes('=');
  const transport = named ? first : 'knet';
  if (!transports.includes(transport))
    fail(`'${transport}' is not a valid transport value, use ${quoteList(transports)}`);
  const runs = groupByKeywords(named ? rest : words, ['link', 'compression', 'crypto']);
  if (transport === 'udp') fail("transport 'udp' (multicast) is not available yet, use 'udpu'");
  const extra = runs.filter((run) => run.keyword !== '' || run.words.length > 0);
  if (named && transport === 'knet') fail(`${knetMissing}, use 'transport udpu'; its traffic is not encrypted`);
  if (transport === 'knet') {
    if (extra.length > 0) fail(`${knetMissing}, its options cannot be used`);
    warnings.push(`${knetMissing}, using transport 'udpu' instead: cluster traffic is not encrypted`);
    return 'udpu';
  }
  for (const run of extra) {
    if (run.keyword === 'compression' || run.keyword === 'crypto') {
      fail(
        `Only options of the transport itself and of its link can be used with transport '${transport}', not '${run.keyword}'`,
      );
    }
    const options = parseOptions(run.words);
    if (run.keyword === 'link') {
      interfaces.push(checked('link', options, ['bindnetaddr', 'broadcast', 'mcastaddr', 'mcastport', 'ttl']));
    } else {
      for (const [name, value] of checked('udp/udpu transport', options, ['ip_version', 'netmtu']))
        totem.set(name, value);
    }
  }
  if (interfaces.length > 1) fail(`Cannot set ${interfaces.length} links, maximum for transport '${transport}' is 1`);
  warnings.push("cluster traffic is not encrypted with transport 'udpu'");
  return transport;
}

function checked(what: string, options: Map<string, string>, allowed: readonly string[]): Map<string, string> {
  const unknown = [...options.keys()].filter((name) => !allowed.includes(name));
  if (unknown.length === 1)
    fail(`invalid ${what} option ${quoteList(unknown)}, allowed options are: ${quoteList(allowed)}`);
  if (unknown.length > 1)
    fail(`invalid ${what} options: ${quoteList(unknown)}, allowed options are: ${quoteList(allowed)}`);
  for (const [name, value] of options) if (value === '') options.delete(name);
  checkNumbers([...options]);
  return options;
}

function checkNumbers(options: readonly (readonly [string, string])[]): void {
  for (const [name, value] of options) {
    if (
      booleanNames.has(name) &&
      value !== '0' &&
      value !== '1' &&
      !(name === 'block_unlisted_ips' && /^(yes|no)$/.test(value))
    ) {
      fail(`'${value}' is not a valid ${name} value, use '0', '1'`);
    }
    const isNumber = !booleanNames.has(name) && !/^(ip_version|bindnetaddr|broadcast|mcastaddr|downcheck)$/.test(name);
    if (isNumber && !/^\d{1,10}$/.test(value))
      fail(`'${value}' is not a valid ${name} value, use a non-negative integer`);
  }
}

function checkName(name: string): void {
  if (name.length > maxNameLength || !/^[^\s{}:#"'][^\r\n{}]*$/.test(name)) {
    fail(`'${name}' is not a valid cluster name: use letters, digits, '-' and '_'`);
  }
}

/** Names of nodes: at least one, none twice, none with characters that corosync.conf or known-hosts could not hold. */
export function checkNodes(names: readonly string[]): void {
  if (names.length === 0) usage();
  if (names.length > maxNodes) fail(`a cluster has at most ${maxNodes} nodes`);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) fail(`Node names must be unique, duplicate names: ${quoteList(new Set(twice))}`);
  const bad = names.find((name) => !/^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/.test(name));
  if (bad !== undefined) fail(`'${bad}' is not a valid node name`);
}
