import { parseCorosyncConf } from '@sanode/conf';
import { describe, expect, it } from 'vitest';
import { Icmap } from '../cmap/icmap.ts';
import { addressFamilies, interpretConf, type MachineView } from './interpret.ts';
import { changedAddress, keepFixedKeys, reloadKeys, storeKeys } from './reload.ts';

const system = { userId: () => undefined, groupId: () => undefined };
const node = (address: string, rest = ''): string => `node {\nring0_addr: ${address}\n${rest}\n}\n`;
const conf = (totem: string, nodes: string): string => `totem {\nversion: 2\n${totem}\n}\nnodelist {\n${nodes}}\n`;
const keysOf = (text: string) => parseCorosyncConf(text, 'f', system);
const machine: MachineView = {
  hostname: 'lb2.example.org',
  addresses: ['10.0.0.2'],
  resolved: new Map([
    ['lb1', '10.0.0.1'],
    ['lb2', '10.0.0.2'],
  ]),
};
const interpret = (totem: string, nodes: string, view = machine) => interpretConf(keysOf(conf(totem, nodes)), view);
const two = node('lb1', 'nodeid: 1') + node('lb2', 'nodeid: 2');

describe('interpretConf', () => {
  it('finds the local node and the timings', () => {
    const config = interpret('transport: udpu\ntoken: 1000', two + node('10.0.0.3', 'nodeid: 3'));
    expect(config).toMatchObject({ nodeId: 2, port: 5405, netMtuBytes: 1500, votequorum: false });
    expect(config.members.map((member) => member.address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(config.timings).toMatchObject({ tokenMs: 1650, tokenRetransmitMs: 392, holdMs: 303, consensusMs: 1980 });
    expect(config.keys.get('nodelist.local_node_pos')).toEqual({ type: 'u32', value: 1 });
  });

  it('generates node ids from addresses', () => {
    const config = interpret('transport: udpu', node('10.82.0.1') + node('10.0.0.2'));
    expect(config.keys.get('nodelist.node.0.nodeid')).toEqual({ type: 'u32', value: 173146113 });
  });

  it.each([
    ['', two, { groupAddress: '239.192.0.97', broadcast: false, ttl: 1 }],
    [
      'interface {\nmcastaddr: 239.255.7.1\nmcastport: 5409\nttl: 4\n}',
      two,
      { groupAddress: '239.255.7.1', broadcast: false, ttl: 4 },
    ],
    ['interface {\nbroadcast: yes\n}', two, { groupAddress: '255.255.255.255', broadcast: true, ttl: 1 }],
    [
      'ip_version: ipv6',
      node('fd00::1', 'nodeid: 1') + node('fd00::2', 'name: lb2\nnodeid: 2'),
      { groupAddress: 'ff15::61', broadcast: false, ttl: 1 },
    ],
  ])('reads transport udp with %j', (rest, nodes, multicast) => {
    const config = interpret(`transport: udp\ncluster_name: a\n${rest}`, nodes);
    expect(config.multicast).toEqual(multicast);
    expect(config.port).toBe(rest.includes('5409') ? 5409 : 5405);
    expect(config.keys.get('totem.interface.0.mcastaddr')).toEqual({ type: 'str', value: multicast.groupAddress });
    expect(config.keys.get('totem.interface.0.mcastport')).toEqual({ type: 'u16', value: config.port });
  });

  it('has no group for unicast, and prefers IPv4 names for multicast', () => {
    expect(interpret('transport: udpu', two).multicast).toBeUndefined();
    expect(addressFamilies(keysOf(conf('transport: udp', two)))).toEqual([4]);
    expect(addressFamilies(keysOf(conf('transport: udpu', two)))).toEqual([6, 4]);
    expect(addressFamilies(keysOf(conf('transport: udp\nip_version: ipv6-4', two)))).toEqual([6, 4]);
  });

  it.each([
    [
      '',
      two,
      "the default transport, knet, is not supported yet: write 'transport: udpu' in the totem section of corosync.conf on every node",
    ],
    [
      'transport: knet',
      two,
      "transport: knet is not supported yet: write 'transport: udpu' in the totem section of corosync.conf on every node",
    ],
    ['transport: tcp', two, 'Invalid transport type. Should be udpu, udp or knet'],
    ['transport: udp', two, 'No multicast address specified for interface 0'],
    [
      'transport: udp\ninterface {\nmcastaddr: 10.1.1.1\n}',
      two,
      'mcastaddr is not a correct multicast address for interface 0',
    ],
    ['transport: udp\ninterface {\nmcastaddr: ff15::1\n}', two, "failed to parse mcast address 'ff15::1'"],
    [
      'transport: udp\nip_version: ipv6\ninterface {\nbroadcast: yes\n}',
      node('fd00::2', 'name: lb2\nnodeid: 2'),
      'Multicast address family does not match bind address family for interface 0',
    ],
    ['transport: udpu\ninterface {\nttl: 3\n}', two, 'Can only set ttl on multicast transport types for interface 0'],
    ['transport: udpu', '', 'No interfaces defined'],
    ['transport: udpu', node('10.9.9.9', 'nodeid: 1'), 'No valid name found for local host'],
    ['transport: udpu', node('lb9', 'nodeid: 1') + node('lb2', 'nodeid: 2'), "failed to parse node address 'lb9'"],
    ['transport: udpu', node('lb1', 'nodeid: 2') + node('lb2', 'nodeid: 2'), 'Nodeid 2 appears twice in corosync.conf'],
    ['transport: udpu\ncrypto_hash: sha1', two, 'crypto_cipher & crypto_hash are only valid for the Knet transport.'],
    ['transport: udpu\ntoken: 20', two, 'The token timeout parameter (20 ms) may not be less than (30 ms).'],
    [
      'transport: udpu',
      node('lb1', 'ring1_addr: x') + node('lb2', 'ring1_addr: y'),
      '2 is too many configured interfaces for non-Knet transport.',
    ],
    [
      'transport: udpu',
      node('fd00::1', 'nodeid: 1') + node('lb2', 'nodeid: 2'),
      'Nodes for link 0 have different IP families (compared 10.0.0.2 with fd00::1)',
    ],
    [
      'transport: udpu\nip_version: ipv4',
      node('fd00::1', 'nodeid: 1') + node('fd00::2', 'name: lb2\nnodeid: 2'),
      "failed to parse bindnet address 'fd00::2'",
    ],
    ['transport: udp', node('fd00::2', 'name: lb2\nnodeid: 2'), "failed to parse bindnet address 'fd00::2'"],
    ['transport: udpu\nip_version: ipv6', node('10.0.0.2', 'name: lb2\nnodeid: 2'), 'failed to parse bindnet address'],
  ])('refuses %j', (totem, nodes, message) => {
    expect(() => interpret(totem, nodes)).toThrow(message);
  });

  it('writes addresses as the kernel does', () => {
    const view = { ...machine, hostname: 'elsewhere', addresses: ['fe80::2'] };
    const nodes = node('FD00:0::1', 'nodeid: 1') + node('FE80::2%eth0', 'nodeid: 2');
    const config = interpret('transport: udpu', nodes, view);
    expect(config.nodeId).toBe(2);
    expect(config.members.map(({ address }) => address)).toEqual(['fd00::1', 'fe80::2']);
    expect(config.keys.get('nodelist.node.1.ring0_addr')).toEqual({ type: 'str', value: 'FE80::2%eth0' });
  });

  it('refuses another version', () => {
    const text = conf('transport: udpu', two).replace('version: 2', 'version: 1');
    expect(() => interpretConf(keysOf(text), machine)).toThrow(
      'This totem parser can only parse version 2 configurations.',
    );
  });

  it('matches names before addresses', () => {
    const view = { ...machine, hostname: 'lb1' };
    expect(interpret('transport: udpu', two, view).nodeId).toBe(1);
    expect(interpret('transport: udpu', two, { ...machine, hostname: 'elsewhere' }).nodeId).toBe(2);
  });
});

describe('a configuration read again', () => {
  it('leaves a node who it is when it lists it no more', () => {
    const { us } = interpret('transport: udpu\ntoken: 1000', two);
    const alone = interpretConf(keysOf(conf('transport: udpu', node('lb1', 'nodeid: 1'))), machine, us);
    expect(alone.nodeId).toBe(2);
    expect(alone.members).toEqual([
      { nodeId: 1, address: '10.0.0.1' },
      { nodeId: 2, address: '10.0.0.2' },
    ]);
    expect(alone.keys.has('nodelist.local_node_pos')).toBe(false);
  });

  it('keeps what cannot change at run time', () => {
    const started = keysOf(conf('cluster_name: a\ntransport: udpu\ntoken: 1000', two));
    const { keys, notices } = keepFixedKeys(started, keysOf(conf('cluster_name: b\nnetmtu: 9000\ntoken: 2000', two)));
    expect(notices).toEqual([
      "Modified entry 'totem.netmtu' in corosync.conf cannot be changed at run-time",
      "Modified entry 'totem.cluster_name' in corosync.conf cannot be changed at run-time",
    ]);
    const values = ['cluster_name', 'transport', 'netmtu', 'token'].map((name) => keys.get(`totem.${name}`)?.value);
    expect(values).toEqual(['a', 'udpu', undefined, 2000]);
  });

  it('replaces the keys of its sections, and no others', () => {
    const icmap = new Icmap();
    storeKeys(icmap, keysOf(conf('token: 1000\njoin: 60', two)));
    icmap.set('runtime.x', { type: 'u8', value: 1 });
    reloadKeys(icmap, keysOf(conf('token: 2000', two)));
    expect(icmap.number('totem.token')).toBe(2000);
    expect(icmap.get('totem.join')).toBeUndefined();
    expect(icmap.number('runtime.x')).toBe(1);
  });

  it('may add and remove nodes, but not move one to another address', () => {
    const one = { nodeId: 1, name: 'a', addresses: ['10.0.0.1'] };
    const other = { nodeId: 2, name: 'b', addresses: ['10.0.0.2'] };
    expect(changedAddress([one, other], [one])).toBeUndefined();
    expect(changedAddress([one], [other, { ...one, name: 'c' }])).toBeUndefined();
    expect(changedAddress([one, other], [one, { ...other, addresses: ['10.0.0.3'] }])).toBe(
      'new config has different address for link 0 (addr changed from 10.0.0.2 to 10.0.0.3). ' +
        'Internal value was NOT changed.',
    );
  });
});
