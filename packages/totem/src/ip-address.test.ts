import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { belongsToInterface, canonicalAddress, ipv6Addresses, samePrefix } from './ip-address.ts';

describe('numeric addresses', () => {
  it.each([
    ['FD00:0:0::1', 'fd00::1'],
    ['fe80::61%eth0', 'fe80::61'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['10.0.0.1', '10.0.0.1'],
    ['node1', 'node1'],
  ])('%s is written %s', (written, canonical) => {
    expect(canonicalAddress(written)).toBe(canonical);
  });

  it.each([
    ['fe80::1', true],
    ['febf::1', true],
    ['fec0::1', false],
    ['ff02::5', true],
    ['ff15::d0c', false],
    ['fd00::1', false],
    ['10.0.0.1', false],
  ])('%s belongs to an interface: %s', (address, belongs) => {
    expect(belongsToInterface(address)).toBe(belongs);
  });

  it.each([
    ['fd00:1::1', 'fd00:1::ffff', 64, true],
    ['fd00:1::1', 'fd00:2::1', 64, false],
    ['fd00:1::1', 'fd00:2::1', 16, true],
    ['fd00::1', 'fd00::2', 127, false],
    ['fd00::1', 'fd00::2', 126, true],
    ['::ffff:10.0.0.1', '::ffff:a00:2', 126, true],
    ['::ffff:10.0.0.1', '::ffff:11.0.0.1', 112, false],
    ['fd00::1', '::1', 0, true],
  ])('%s and %s share %i bits: %s', (a, b, prefixLength, same) => {
    expect(samePrefix(a, b, prefixLength)).toBe(same);
  });

  it('finds the IPv6 addresses that this machine has', () => {
    const known = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
      (list ?? []).filter(({ family }) => family === 'IPv6').map(({ address }) => `${name} ${address}`),
    );
    const found = ipv6Addresses().map(({ interfaceName, address }) => `${interfaceName} ${address}`);
    expect(found).toEqual(expect.arrayContaining(known));
  });
});
