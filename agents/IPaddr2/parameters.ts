import type { AgentParameter } from '@sanode/ocf';

/** Parameters of ocf:heartbeat:IPaddr2 (ocf-agents.md 2.1). */
export const parameters: readonly AgentParameter[] = [
  {
    name: 'ip',
    type: 'string',
    required: true,
    unique: true,
    default: '',
    shortDescription: 'IPv4 or IPv6 address',
    longDescription: 'The address, IPv4 in dotted quads or IPv6 in colon notation.',
  },
  {
    name: 'nic',
    type: 'string',
    unique: false,
    shortDescription: 'network interface',
    longDescription:
      'Interface that gets the address. Default: the one that the routing table names. Give the base interface, without alias; it needs an address of its own that the cluster does not manage, or promote_secondaries=1.',
  },
  {
    name: 'cidr_netmask',
    type: 'string',
    default: '',
    shortDescription: 'prefix length',
    longDescription: 'Prefix length, for example 24. Default: that of the connected route.',
  },
  {
    name: 'broadcast',
    type: 'string',
    default: '',
    shortDescription: 'broadcast address',
    longDescription:
      'Broadcast address, or + or - for the one with the host bits set or clear. Default: that of the connected network.',
  },
  {
    name: 'iflabel',
    type: 'string',
    default: '',
    shortDescription: 'interface label',
    longDescription: 'Label of the address: shown as INTERFACE:LABEL, at most 15 characters together.',
  },
  {
    name: 'lvs_support',
    type: 'boolean',
    default: 'false',
    shortDescription: 'keep the address on lo while stopped',
    longDescription:
      'For LVS with direct routing: while stopped, the address stays on the loopback interface. IPv4 only.',
  },
  {
    name: 'lvs_ipv6_addrlabel',
    type: 'boolean',
    default: 'false',
    shortDescription: 'add an IPv6 address label',
    longDescription:
      'For LVS with direct routing: an address label keeps the address from being chosen as source. IPv6 only.',
  },
  {
    name: 'lvs_ipv6_addrlabel_value',
    type: 'integer',
    default: '99',
    shortDescription: 'IPv6 address label value',
    longDescription: 'Value of the address label; it should be unused in the policy table (ip addrlabel list).',
  },
  {
    name: 'mac',
    type: 'string',
    default: '',
    shortDescription: 'cluster IP MAC address',
    longDescription: 'MAC address of the cluster IP, which this agent refuses: the kernel has dropped it.',
  },
  {
    name: 'clusterip_hash',
    type: 'string',
    default: 'sourceip-sourceport',
    shortDescription: 'cluster IP hash',
    longDescription: 'Hash of the cluster IP, which this agent refuses: the kernel has dropped it.',
  },
  {
    name: 'unique_clone_address',
    type: 'boolean',
    default: 'false',
    shortDescription: 'a unique address for each clone instance',
    longDescription: 'Clone instance N manages the address plus N (IPv4, last octet).',
  },
  {
    name: 'arp_interval',
    type: 'integer',
    default: '200',
    shortDescription: 'interval of announcements in ms',
    longDescription: 'Milliseconds between announcements of the address.',
  },
  {
    name: 'arp_count',
    type: 'integer',
    default: '5',
    shortDescription: 'number of announcements at start',
    longDescription: 'How often the address is announced to its neighbours at start.',
  },
  {
    name: 'arp_count_refresh',
    type: 'integer',
    default: '0',
    shortDescription: 'number of announcements at each monitor',
    longDescription:
      'How often the address is announced at each successful monitor; heals caches after a split. IPv4 only.',
  },
  {
    name: 'arp_bg',
    type: 'string',
    default: '',
    shortDescription: 'announce in the background',
    longDescription: 'Whether start ends while announcements go on. Default: true for IPv4, false for IPv6.',
  },
  {
    name: 'arp_sender',
    type: 'string',
    default: '',
    shortDescription: 'ARP sender',
    longDescription:
      'send_arp (built in, default), or the program iputils_arping, libnet_arping or ipoibarping. IPv4 only.',
  },
  {
    name: 'send_arp_opts',
    type: 'string',
    default: '',
    shortDescription: 'options for the ARP sender',
    longDescription:
      'Further words for the command line of the program that arp_sender names, for example -A for iputils_arping.',
  },
  {
    name: 'flush_routes',
    type: 'boolean',
    default: 'false',
    shortDescription: 'flush the route cache on stop',
    longDescription: "Flush the kernel's route cache when the address has gone.",
  },
  {
    name: 'run_arping',
    type: 'string',
    default: 'false',
    shortDescription: 'look for the address before adding it',
    longDescription: 'Ask the network whether someone has the address already (IPv4); start fails then.',
  },
  {
    name: 'nodad',
    type: 'string',
    default: 'false',
    shortDescription: 'no duplicate address detection',
    longDescription: 'Add an IPv6 address without duplicate address detection.',
  },
  {
    name: 'noprefixroute',
    type: 'string',
    default: 'false',
    shortDescription: 'no prefix route',
    longDescription: "Do not let the kernel add the route of the address's network.",
  },
  {
    name: 'preferred_lft',
    type: 'string',
    default: 'forever',
    shortDescription: 'IPv6 preferred lifetime',
    longDescription: 'Preferred lifetime in seconds, or forever; 0 keeps the address from being a source.',
  },
  {
    name: 'network_namespace',
    type: 'string',
    default: '',
    shortDescription: 'network namespace',
    longDescription: 'Named network namespace to work in; it and the interface in it must exist.',
  },
];
