/** How packets for everybody travel; `broadcast` is transport udp with `broadcast: yes`. */
export type Transport = 'udpu' | 'udp' | 'broadcast';
/** Which addresses the nodelist names: IPv4, unique local IPv6, or IPv6 of the link. */
export type Family = 'ipv4' | 'ipv6' | 'link-local';

/** A node as its corosync.conf names it. */
export interface ConfNode {
  readonly id: number;
  readonly name: string;
  readonly address: string;
}

/** What all nodes of a ring have in their corosync.conf. Times in ms; undefined: corosync's default. */
export interface RingSettings {
  readonly transport: Transport;
  readonly family: Family;
  readonly tokenMs: number;
  readonly tokenRetransmitMs?: number;
  readonly missCountConst?: number;
}

export const logFile = '/var/log/cluster/corosync.log';

/** Text of corosync.conf. */
export function confText(settings: RingSettings, nodes: readonly ConfNode[]): string {
  const { transport, family, tokenMs, tokenRetransmitMs, missCountConst } = settings;
  const totem = [
    'version: 2',
    'cluster_name: inter',
    `transport: ${transport === 'udpu' ? 'udpu' : 'udp'}`,
    `token: ${tokenMs}`,
    // udp takes names and addresses for IPv4 unless told otherwise.
    ...(family === 'ipv4' ? [] : ['ip_version: ipv6']),
    ...(tokenRetransmitMs === undefined ? [] : [`token_retransmit: ${tokenRetransmitMs}`]),
    ...(missCountConst === undefined ? [] : [`miss_count_const: ${missCountConst}`]),
    ...(transport === 'broadcast' ? ['interface {', '  broadcast: yes', '}'] : []),
  ];
  const nodelist = nodes.flatMap(({ id, name, address }) => [
    'node {',
    `  ring0_addr: ${address}`,
    `  name: ${name}`,
    `  nodeid: ${id}`,
    '}',
  ]);
  const logging = ['to_logfile: yes', `logfile: ${logFile}`, 'to_syslog: no', 'timestamp: hires'];
  return [
    section('totem', totem),
    section('nodelist', nodelist),
    section('quorum', ['provider: corosync_votequorum']),
    section('logging', logging),
  ].join('');
}

function section(name: string, lines: readonly string[]): string {
  return `${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}
