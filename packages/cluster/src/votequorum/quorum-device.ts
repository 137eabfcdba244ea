import type { CoreHost, Timer } from '@sanode/runtime';
import type { RingId } from '@sanode/totem';
import type { Icmap } from '../cmap/icmap.ts';
import type { ServiceRing } from '../engine/service.ts';
import { csResult } from '../wire/results.ts';
import { storeRuntimeKey, type VoteSettings } from './config.ts';
import {
  type DeviceRegistration,
  type DeviceRename,
  deviceNameBytes,
  encodeDeviceRegistration,
  encodeDeviceRename,
  nodeFlag,
} from './messages.ts';
import { type Node, type NodeList, nodeState } from './nodes.ts';

export interface QuorumDeviceDeps {
  readonly host: CoreHost;
  readonly ring: ServiceRing;
  readonly icmap: Icmap;
  readonly nodes: NodeList;
  settings(): VoteSettings;
  /** Ring of the last synchronization that began. */
  ringId(): RingId;
  /** Multicasts what is known of this node, or of the device. */
  announce(node: Node): void;
}

/** The quorum device of this node (corosync-services.md 5.8). Results are csResult numbers. */
export class QuorumDevice {
  /** Votes and state; id 0. */
  readonly node: Node = { id: 0, state: nodeState.dead, votes: 0, expectedVotes: 0, flags: 0 };
  readonly #deps: QuorumDeviceDeps;
  #name = '';
  #registering: { name: string; answer: (result: number) => void } | undefined;
  #timer: Timer | undefined;
  #waiting = false;

  constructor(deps: QuorumDeviceDeps) {
    this.#deps = deps;
  }

  /** Its name, '' when there is none. */
  get name(): string {
    return this.#name;
  }

  get isRegistered(): boolean {
    return this.#deps.nodes.hasFlag(nodeFlag.deviceRegistered);
  }

  /** A synchronization waits for the device's vote. */
  get isAwaited(): boolean {
    return this.#waiting;
  }

  /** @param answer called once, when this node's own registration came back */
  register(name: string, answer: (result: number) => void): void {
    if (!this.#deps.settings().deviceCanOperate) answer(csResult.ACCESS);
    else if (name === '' || Buffer.byteLength(name) >= deviceNameBytes) answer(csResult.INVALID_PARAM);
    else if (this.isRegistered) answer(name === this.#name ? csResult.OK : csResult.EXIST);
    else if (this.#registering !== undefined) answer(csResult.TRY_AGAIN);
    else {
      this.#registering = { name, answer };
      this.#deps.ring.send(encodeDeviceRegistration(true, name));
    }
  }

  unregister(name: string): number {
    const { nodes, ring } = this.#deps;
    if (!this.#deps.settings().deviceCanOperate) return csResult.ACCESS;
    if (!this.isRegistered) return csResult.NOT_EXIST;
    if (name !== this.#name) return csResult.INVALID_PARAM;
    this.#timer?.cancel();
    nodes.us.flags &= ~(
      nodeFlag.deviceRegistered |
      nodeFlag.deviceAlive |
      nodeFlag.deviceCastVote |
      nodeFlag.deviceMasterWins
    );
    this.#waiting = false;
    this.#deps.announce(nodes.us);
    ring.send(encodeDeviceRegistration(false, name));
    return csResult.OK;
  }

  rename(oldName: string, newName: string): number {
    if (oldName !== this.#name) return csResult.INVALID_PARAM;
    if (Buffer.byteLength(newName) >= deviceNameBytes) return csResult.INVALID_PARAM;
    this.#deps.ring.send(encodeDeviceRename(oldName, newName));
    return csResult.OK;
  }

  poll(name: string, castVote: boolean, ring: RingId): number {
    const { nodes } = this.#deps;
    const ringId = this.#deps.ringId();
    if (!this.#deps.settings().deviceCanOperate) return csResult.ACCESS;
    if (!this.isRegistered) return csResult.NOT_EXIST;
    if (ring.rep !== ringId.rep || ring.seq !== ringId.seq) return csResult.MESSAGE_ERROR;
    if (name !== this.#name) return csResult.INVALID_PARAM;
    const before = nodes.us.flags;
    nodes.us.flags |= nodeFlag.deviceAlive;
    nodes.setFlag(nodeFlag.deviceCastVote, castVote);
    if (nodes.us.flags !== before) this.#deps.announce(nodes.us);
    this.#armTimer(this.#deps.settings().deviceTimeoutMs);
    this.#waiting = false;
    return csResult.OK;
  }

  setMasterWins(name: string, allow: boolean): number {
    const { nodes, icmap } = this.#deps;
    if (!this.isRegistered) return csResult.NOT_EXIST;
    if (name !== this.#name) return csResult.INVALID_PARAM;
    const before = nodes.us.flags;
    nodes.setFlag(nodeFlag.deviceMasterWins, allow);
    storeRuntimeKey(icmap, 'qdevice_master_wins', 'u8', allow ? 1 : 0);
    if (nodes.us.flags !== before) this.#deps.announce(nodes.us);
    return csResult.OK;
  }

  receiveRegistration({ register, name }: DeviceRegistration, senderId: number): void {
    const { nodes } = this.#deps;
    if (!register) {
      const anyone = nodes.members.some((node) => (node.flags & nodeFlag.deviceRegistered) !== 0);
      if (!anyone) this.#name = '';
      return;
    }
    if (senderId !== nodes.us.id) {
      if (this.#name === '') this.#name = name;
      return;
    }
    const registering = this.#registering;
    // A name that came from others is repeated in each sync; then nobody here has asked.
    if (this.isRegistered || registering === undefined) return;
    this.#registering = undefined;
    if (this.#name === '') this.#name = registering.name;
    if (this.#name !== registering.name) {
      registering.answer(csResult.EXIST);
      return;
    }
    nodes.us.flags |= nodeFlag.deviceRegistered;
    this.#deps.announce(this.node);
    this.#deps.announce(nodes.us);
    registering.answer(csResult.OK);
  }

  receiveRename({ oldName, newName }: DeviceRename): void {
    if (oldName === this.#name) this.#name = newName;
  }

  /** A synchronization began: a device that votes is asked again, for at most sync_timeout. */
  syncStarted(): void {
    const { nodes, host } = this.#deps;
    if (!this.isRegistered || !nodes.hasFlag(nodeFlag.deviceAlive)) return;
    this.#waiting = true;
    const timeoutMs = this.#deps.settings().deviceSyncTimeoutMs;
    this.#armTimer(timeoutMs);
    const text = `waiting for quorum device ${this.#name} poll (but maximum for ${timeoutMs} ms)`;
    host.log.info({ subsystem: 'VOTEQ', isInfo: true }, text);
  }

  #armTimer(delayMs: number): void {
    const { host, nodes } = this.#deps;
    this.#timer?.cancel();
    this.#timer = host.setTimer(delayMs, () => {
      nodes.us.flags &= ~(nodeFlag.deviceAlive | nodeFlag.deviceCastVote);
      host.log.info({ subsystem: 'VOTEQ', isInfo: true }, `lost contact with quorum device ${this.#name}`);
      this.#deps.announce(nodes.us);
      this.#waiting = false;
    });
  }
}
