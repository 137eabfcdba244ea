import type { CoreHost } from '@sanode/runtime';
import { serviceId } from '../engine/message.ts';
import type { Service, ServiceRing, SyncPart } from '../engine/service.ts';
import { type Icmap, trackAdd, trackDelete, trackModify } from './icmap.ts';
import { cmapReason, configVersionKey, decodeConfigVersion, encodeConfigVersion, swapCmapMessage } from './messages.ts';

/** Compares the versions of the members' corosync.conf (corosync-services.md 7.6). */
export class CmapService implements Service {
  readonly id = serviceId.cmap;
  readonly shortName = 'cmap';
  readonly functionCount = 1;
  readonly sync: SyncPart;
  readonly #host: CoreHost;
  readonly #ring: ServiceRing;
  readonly #icmap: Icmap;
  readonly #versionMismatch: () => void;
  #highest = 0n;
  #transitional: readonly number[] = [];
  #checked = false;

  /** @param versionMismatch this node's configuration is older than another's: it must leave */
  constructor(deps: { host: CoreHost; ring: ServiceRing; icmap: Icmap }, versionMismatch: () => void) {
    this.#host = deps.host;
    this.#ring = deps.ring;
    this.#icmap = deps.icmap;
    this.#versionMismatch = versionMismatch;
    this.sync = {
      init: (transitional) => {
        this.#highest = this.#ownVersion() ?? 0n;
        this.#transitional = transitional;
      },
      process: () => this.#ring.trySend(this.#message(cmapReason.sync)),
      activate: () => this.#activate(),
      abort() {},
    };
    deps.icmap.track(configVersionKey, false, trackAdd | trackDelete | trackModify, () => {
      this.#ring.send(this.#message(cmapReason.newVersion));
    });
  }

  receive(_fn: number, senderId: number, message: Buffer): void {
    const decoded = decodeConfigVersion(message);
    if (decoded === undefined) return;
    const version = decoded.version ?? 0n;
    if (senderId !== this.#ring.nodeId && version > this.#highest) this.#highest = version;
    this.#icmap.set(`runtime.members.${senderId}.config_version`, { type: 'u64', value: version });
  }

  swapByteOrder(_fn: number, message: Buffer): void {
    swapCmapMessage(message);
  }

  #ownVersion(): bigint | undefined {
    const value = this.#icmap.get(configVersionKey);
    return value?.type === 'u64' ? value.value : undefined;
  }

  #message(reason: number): Buffer {
    return encodeConfigVersion({ reason, version: this.#ownVersion() });
  }

  #activate(): void {
    if (this.#transitional.length === 0 || this.#checked) return;
    this.#checked = true;
    const own = this.#ownVersion() ?? 0n;
    if (own === 0n || this.#highest === own) return;
    this.#host.log.error(
      { subsystem: 'CMAP' },
      `Received config version (${this.#highest}) is different than my config version (${own})! Exiting`,
    );
    this.#versionMismatch();
  }
}
