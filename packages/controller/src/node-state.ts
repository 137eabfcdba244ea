import { cibOption } from '@sanode/cib';
import { compareVersions } from '@sanode/messages';
import { isActive, type Peer } from '@sanode/peers';
import { attr, childElements, type Element, element } from '@sanode/xml';
import { type Context, joinPhase } from './context.ts';

/** Which attributes a node_state gets (controller.md 7.1). */
export interface NodeStateFlags {
  readonly cluster?: boolean;
  readonly peer?: boolean;
  readonly join?: boolean;
  readonly expected?: boolean;
}

/** Feature set from which in_ccm and crmd are epoch seconds. */
const TIMES_SINCE = '3.18.0';
const LOCAL_OVERRIDE = cibOption.scopeLocal | cibOption.quorumOverride;

export const allFlags: NodeStateFlags = { cluster: true, peer: true, join: true, expected: true };

/** A peer's `<node_state>`; undefined when nothing is known of its state. */
export function nodeState(
  context: Context,
  peer: Peer,
  flags: NodeStateFlags,
  origin: string,
  children: readonly Element[] = [],
): Element | undefined {
  if (peer.state === undefined || peer.name === undefined) return undefined;
  const info = context.info(peer);
  const times = compareVersions(context.clusterFeatureSet, TIMES_SINCE) >= 0;
  const member = peer.state === 'member';
  return element(
    'node_state',
    {
      id: peer.uuid,
      uname: peer.name,
      in_ccm: flags.cluster ? (times ? info.memberSince : member) : undefined,
      crmd: flags.peer ? (times ? info.onlineSince : peer.online ? 'online' : 'offline') : undefined,
      join: flags.join ? (info.phase <= joinPhase.none ? 'down' : 'member') : undefined,
      expected: flags.expected ? info.expected : undefined,
      'crm-debug-origin': origin,
    },
    children,
  );
}

/** Writes the states of all peers, or of some. */
export function writeNodeStates(
  context: Context,
  flags: NodeStateFlags,
  origin: string,
  peers: readonly Peer[] = context.peers(),
): void {
  const states = peers.map((peer) => nodeState(context, peer, flags, origin)).filter((state) => state !== undefined);
  if (states.length === 0) return;
  context.cib({
    operation: 'cib_modify',
    section: 'status',
    data: element('status', {}, states),
    options: LOCAL_OVERRIDE,
  });
}

/** Writes section nodes: all cached peers with a name, and (when asked) the nodes of corosync's list. */
export function writeNodes(context: Context, includeConfigured: boolean): void {
  const names = new Map<string, string>();
  if (includeConfigured) {
    for (const node of context.cluster?.configuredNodes() ?? []) names.set(String(node.id), node.name);
  }
  for (const peer of context.peers()) if (peer.name !== undefined) names.set(peer.uuid, peer.name);
  if (names.size === 0) return;
  removeConflicts(context, names);
  context.cib({
    operation: 'cib_modify',
    section: 'nodes',
    data: element(
      'nodes',
      {},
      [...names].map(([id, uname]) => element('node', { id, uname })),
    ),
    options: LOCAL_OVERRIDE,
  });
}

/** An entry of the same name under another id that nobody has is of a node that was installed anew: it goes. */
function removeConflicts(context: Context, names: ReadonlyMap<string, string>): void {
  context.cib({ operation: 'cib_query', section: 'nodes', options: cibOption.scopeLocal }, (reply) => {
    if (reply.rc < 0 || reply.data === undefined) return;
    const ids = new Map([...names].map(([id, name]) => [name, id]));
    for (const node of childElements(reply.data, 'node')) {
      const name = attr(node, 'uname');
      const id = attr(node, 'id');
      if (name === undefined || id === undefined || attr(node, 'type') === 'remote') continue;
      const current = ids.get(name);
      if (current === undefined || current === id || !/^\d+$/.test(id)) continue;
      if (context.peers().some((peer) => peer.uuid === id && peer.name === name)) continue;
      context.log.warn(
        { node: name, id, newId: current },
        `node ${name} has a new id ${current}; its old entry ${id} is removed`,
      );
      const options = cibOption.xpath | cibOption.multiple | LOCAL_OVERRIDE;
      for (const path of [
        `/cib/configuration/nodes/node[@uname='${name}'][@id='${id}']`,
        `/cib/status/node_state[@uname='${name}'][@id='${id}']`,
      ]) {
        context.cib({ operation: 'cib_delete', section: path, options });
      }
    }
  });
}

/** Notes since when a peer is a member and in the group. To be called at each change of a peer. */
export function noteTimes(context: Context, peer: Peer): void {
  const info = context.info(peer);
  const now = Math.floor(context.host.wallMs() / 1000);
  if (peer.state !== 'member') info.memberSince = 0;
  else if (info.memberSince === 0) info.memberSince = now;
  const monotonicMs = context.host.monotonicMs();
  if (peer.state !== 'member') info.grace.nodeLost();
  else if (peer.online) info.grace.back(monotonicMs);
  else if (info.onlineSince !== 0) info.grace.gone(monotonicMs);
  if (!peer.online) info.onlineSince = 0;
  else if (info.onlineSince === 0) info.onlineSince = now;
}

/** +1: member and in the group; -1: neither; 0: one of both. */
export function aliveness(peer: Peer): 1 | 0 | -1 {
  if (isActive(peer)) return 1;
  return peer.state === 'member' || peer.online ? 0 : -1;
}
