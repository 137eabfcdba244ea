export {
  deriveTotemTimings,
  type TotemConfig,
  type TotemMember,
  type TotemOptions,
  type TotemTimings,
  validateTotemTimings,
} from './config.ts';
export { TotemGroup } from './group.ts';
export { canonicalAddress } from './ip-address.ts';
export {
  multicastGroupOf,
  type NodeTotem,
  type NodeTotemOptions,
  openUdpuTotem,
  type TotemHandlers,
} from './node-totem.ts';
export type { MulticastOptions } from './transport-udpu.ts';
export {
  type ConfigurationChange,
  formatRingId,
  type McastResult,
  type QueueLevel,
  type Reservation,
  type RingId,
  sameRing,
  type Totem,
  type TotemGroupName,
  type TotemHost,
  type TotemMessage,
  type TotemStats,
} from './types.ts';
