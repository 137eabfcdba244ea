import type { Cause } from '@sanode/runtime';
import type { Element } from '@sanode/xml';

/** Name of a daemon's CPG group (the NUL that ends it on the wire is added by the connection) and its frame type. */
export type ClusterGroup = 'cib' | 'crmd' | 'attrd' | 'stonith-ng';

/** A message as it came out of CPG, checked as controller.md 1.1 says; `src` on the root is from the frame. */
export interface ClusterMessage {
  readonly element: Element;
  readonly fromId: number;
  readonly fromName: string;
  readonly cause: Cause;
}

/** What a peer cache knows of one node (controller.md 2). */
export interface Peer {
  readonly id: number;
  readonly uuid: string;
  readonly name: string | undefined;
  readonly state: 'member' | 'lost' | undefined;
  /** Its daemon of our group is in the CPG group. */
  readonly online: boolean;
}

/** A node as corosync's configuration has it. */
export interface ConfiguredNode {
  readonly id: number;
  readonly name: string;
}

export interface ClusterHandlers {
  message(message: ClusterMessage): void;
  /** A peer appeared in or left the group, its name was learnt, or (with quorum tracking) its state changed. */
  peerChanged(peer: Peer, change: 'online' | 'state' | 'name', before: Peer): void;
  /** Only with `trackQuorum`: after all peerChanged calls that came of it. */
  quorumChanged?(quorate: boolean, ringSequence: bigint): void;
  /** After each change of the group: node ids that are in it. */
  groupChanged?(memberIds: readonly number[]): void;
  /** Corosync is gone, or evicted us: the daemon must exit (code 102, CRM_EX_DISCONNECT). */
  disconnected(reason: string): void;
}

/** A daemon's place in the cluster. Real one: `connectCluster`; in tests a simulated one. */
export interface ClusterConnection {
  readonly localId: number;
  readonly localName: string;
  readonly localUuid: string;
  /** All known peers, the local node included. */
  peers(): readonly Peer[];
  peerByName(name: string): Peer | undefined;
  peerById(id: number): Peer | undefined;
  /** Nodes of corosync's node list (cmap `nodelist.`), in its order. */
  configuredNodes(): readonly ConfiguredNode[];
  /**
   * Forgets cached peers that are not active (rm_node_cache, peer-remove).
   * @param which name, id or both; what is given must match @returns number of peers dropped
   */
  forget(which: { readonly id?: number | undefined; readonly name?: string | undefined }): number;
  /**
   * Multicasts to all (`to` undefined) or addresses one node by name; the message comes back to us too if it is for
   * us. Messages queue and go in order. `cause` travels as the root attribute `sanode-cause`.
   */
  send(to: string | undefined, message: Element, cause: Cause): void;
  /** Leaves the group and closes. */
  leave(): Promise<void>;
}
