import type { CoreHost } from '@sanode/runtime';
import { newMessage, serviceId } from '../engine/message.ts';
import type { Service, ServiceRing, SyncPart } from '../engine/service.ts';
import { type Icmap, trackAdd, trackDelete, trackModify } from './icmap.ts';

const key = 'totem.config_version';
const itemAt = 48;
const u64Type = 8;
/** Items of one message. */
const maxItems = 32;

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
      process: () => this.#ring.trySend(this.#message(0)),
      activate: () => this.#activate(),
      abort() {},
    };
    deps.icmap.track(key, false, trackAdd | trackDelete | trackModify, () => this.#ring.send(this.#message(1)));
  }

  receive(_fn: number, senderId: number, message: Buffer): void {
    const version = decodeVersion(message);
    if (version === undefined) return;
    if (senderId !== this.#ring.nodeId && version > this.#highest) this.#highest = version;
    this.#icmap.set(`runtime.members.${senderId}.config_version`, { type: 'u64', value: version });
  }

  #ownVersion(): bigint | undefined {
    const value = this.#icmap.get(key);
    return value?.type === 'u64' ? value.value : undefined;
  }

  #message(reason: number): Buffer {
    const version = this.#ownVersion();
    const message = newMessage(serviceId.cmap, 0, itemAt + 280 + (version === undefined ? 0 : 8));
    message[16] = reason;
    message[24] = 1;
    message.writeUInt16LE(key.length, itemAt);
    message.write(key, itemAt + 8);
    if (version !== undefined) {
      message[itemAt + 264] = u64Type;
      message.writeBigUInt64LE(8n, itemAt + 272);
      message.writeBigUInt64LE(version, itemAt + 280);
    }
    return message;
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

/** The config version a message carries; 0 when the sender has none, undefined when the message is malformed. */
export function decodeVersion(message: Buffer): bigint | undefined {
  if (message.length < itemAt) return undefined;
  let at = itemAt;
  for (let count = Math.min(message[24] as number, maxItems); count > 0; count -= 1) {
    if (at + 280 > message.length) return undefined;
    const name = message.toString('latin1', at + 8, at + 8 + Math.min(message.readUInt16LE(at), 255));
    const type = message[at + 264] as number;
    const length = Number(message.readBigUInt64LE(at + 272));
    if (length > message.length - at - 280) return undefined;
    if (name === key) return type === u64Type && length === 8 ? message.readBigUInt64LE(at + 280) : 0n;
    at += Math.ceil((280 + length) / 8) * 8;
  }
  return 0n;
}
