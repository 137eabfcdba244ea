import type { CpgConfigurationChange, QuorumView } from '@sanode/cluster/client';
import type { Logger } from '@sanode/runtime';
import type { Peer } from './connection-types.ts';

/** A peer that is in the group although the ring calls it lost is believed to be a member after this long. */
const CONTRADICTION_MS = 60_000;

export interface PeerCacheDeps {
  readonly log: Logger;
  monotonicMs(): number;
  /** Name of a node from corosync's node list. */
  configuredName(id: number): string | undefined;
  /** Called at each change, after the cache has it. */
  changed(peer: Peer, change: 'online' | 'state' | 'name', before: Peer): void;
}

export interface PeerCacheOptions {
  readonly localId: number;
  readonly localPid: number;
  /** `state` follows the group, and who leaves it is forgotten (every daemon but the controller). */
  readonly autoReap: boolean;
}

/** Who is in the cluster, as one daemon sees it (controller.md 2). Pure: knows no socket. */
export class PeerCache {
  readonly #deps: PeerCacheDeps;
  readonly #options: PeerCacheOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #contradictionSince = new Map<number, number>();
  readonly #lastSeen = new Map<number, bigint>();
  #sawRing = false;

  constructor(deps: PeerCacheDeps, options: PeerCacheOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  all(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  byId(id: number): Peer | undefined {
    return this.#peers.get(id);
  }

  byName(name: string): Peer | undefined {
    const wanted = name.toLowerCase();
    for (const peer of this.#peers.values()) if (peer.name?.toLowerCase() === wanted) return peer;
    return undefined;
  }

  /** Adds the local node, so that it is known before anything was heard. */
  addLocal(name: string): void {
    this.#peers.set(this.#options.localId, { ...fresh(this.#options.localId), name });
  }

  /** The group changed. @returns false when we are no longer in it: evicted */
  groupChanged(change: CpgConfigurationChange): boolean {
    const present = new Set(change.members.map((member) => member.nodeId));
    for (const left of change.left) if (!present.has(left.nodeId)) this.#setOnline(left.nodeId, false);
    const { localId, localPid } = this.#options;
    for (const member of change.members) {
      if (member.nodeId === localId && member.pid !== localPid) continue;
      this.#setOnline(member.nodeId, true);
    }
    return change.members.some((member) => member.nodeId === localId);
  }

  /** The ring changed. @returns whether it was taken (the first, empty views are not) */
  ringChanged(view: QuorumView): boolean {
    if (view.members.length === 0 && !this.#sawRing) return false;
    if (view.members.length > 0) this.#sawRing = true;
    for (const id of view.members) {
      this.#lastSeen.set(id, view.ringSequence);
      this.#setState(id, 'member');
    }
    const members = new Set(view.members);
    for (const peer of this.all())
      if (!members.has(peer.id) && peer.state !== undefined) this.#setState(peer.id, 'lost');
    return true;
  }

  /** A message told the name of a node. */
  learnName(id: number, name: string): void {
    if (name === '') return;
    const peer = this.#get(id);
    if (peer.name === name) return;
    const namesake = this.byName(name);
    if (namesake !== undefined && namesake.id !== id) {
      if (isActive(namesake)) {
        this.#deps.log.fatal(
          { node: name, ids: [namesake.id, id] },
          `nodes ${namesake.id} and ${id} both claim the name ${name}`,
        );
      } else this.#peers.delete(namesake.id);
    }
    this.#update(peer, { ...peer, name }, 'name');
  }

  /** Drops inactive peers that match everything given. @returns how many */
  forget(which: { readonly id?: number | undefined; readonly name?: string | undefined }): number {
    if (which.id === undefined && which.name === undefined) return 0;
    let count = 0;
    for (const peer of this.all()) {
      if (isActive(peer) || peer.id === this.#options.localId) continue;
      if (which.id !== undefined && peer.id !== which.id) continue;
      if (which.name !== undefined && peer.name?.toLowerCase() !== which.name.toLowerCase()) continue;
      this.#peers.delete(peer.id);
      this.#contradictionSince.delete(peer.id);
      count += 1;
    }
    return count;
  }

  #setOnline(id: number, online: boolean): void {
    const peer = this.#get(id);
    const named = this.#withConfiguredName(peer);
    if (peer.online !== online || named !== peer) {
      this.#update(peer, { ...named, online }, peer.online === online ? 'name' : 'online');
    }
    if (this.#options.autoReap) {
      this.#setState(id, online ? 'member' : 'lost');
      if (!online && id !== this.#options.localId) this.#peers.delete(id);
    } else if (online) this.#checkContradiction(id);
  }

  /** A peer talks in the group but the ring calls it lost: after a minute the group is believed. */
  #checkContradiction(id: number): void {
    const peer = this.#get(id);
    if (peer.state !== 'lost') {
      this.#contradictionSince.delete(id);
      return;
    }
    const since = this.#contradictionSince.get(id);
    const now = this.#deps.monotonicMs();
    if (since === undefined) this.#contradictionSince.set(id, now);
    else if (now - since > CONTRADICTION_MS) {
      this.#contradictionSince.delete(id);
      this.#setState(id, 'member');
    }
  }

  #setState(id: number, state: 'member' | 'lost'): void {
    const peer = this.#get(id);
    const named = this.#withConfiguredName(peer);
    if (named === peer && peer.state === state) return;
    this.#update(peer, { ...named, state }, peer.state === state ? 'name' : 'state');
  }

  #get(id: number): Peer {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const peer = fresh(id);
    this.#peers.set(id, peer);
    return peer;
  }

  #withConfiguredName(peer: Peer): Peer {
    if (peer.name !== undefined) return peer;
    const name = this.#deps.configuredName(peer.id);
    return name === undefined ? peer : { ...peer, name };
  }

  #update(before: Peer, peer: Peer, change: 'online' | 'state' | 'name'): void {
    this.#peers.set(peer.id, peer);
    this.#deps.changed(peer, change, before);
  }
}

function fresh(id: number): Peer {
  return { id, uuid: String(id), name: undefined, state: undefined, online: false };
}

/** A peer that counts: member of the ring, and its daemon in our group. */
export function isActive(peer: Peer): boolean {
  return peer.state === 'member' && peer.online;
}
