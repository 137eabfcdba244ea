import { describe, expect, it } from 'vitest';
import { linkStatus, nodesStatus } from './status.ts';

const node = (nodeId: number, connected = true) => ({
  nodeId,
  reachable: connected,
  remote: false,
  external: false,
  links: [
    {
      link: 0,
      enabled: true,
      connected,
      dynamicallyConnected: false,
      mtu: 1410,
      source: `10.82.0.${nodeId}`,
      destination: '',
    },
  ],
});

describe('corosync-cfgtool', () => {
  it('shows links with the address of the last other node, as the reference does', () => {
    expect(linkStatus([node(1), node(2, false), node(3)], 1, false)).toBe(
      'LINK ID 0 \n\taddr\t= 10.82.0.3\n\tstatus:\n\t\tnodeid:          1:\tlocalhost\n' +
        '\t\tnodeid:          2:\tdisconnected\n\t\tnodeid:          3:\tconnected\n',
    );
    expect(linkStatus([node(1), node(2, false), node(3)], 1, true)).toBe(
      'LINK ID 0 \n\taddr\t= 10.82.0.3\n\tstatus\t= n13\n',
    );
  });

  it('shows nodes that can be reached', () => {
    expect(nodesStatus([node(1), node(2), node(3, false)], 1)).toBe(
      'nodeid: 2 reachable\n   LINK: 0  (10.82.0.2) enabled connected mtu: 1410\n\n',
    );
  });
});
