export { replacedStatus } from './cib-changes.ts';
export {
  type AttrdClient,
  AttrdError,
  type AttributeUpdate,
  connectAttrd,
  type FailureSelection,
  type QueriedValue,
} from './client.ts';
export type { WriterElection } from './election-port.ts';
export type { AttributesHost, CibWrite } from './host.ts';
export { AttributeManager } from './manager.ts';
export { protocolVersion } from './messages.ts';
export { expandValue, parseDampeningMs } from './value.ts';
