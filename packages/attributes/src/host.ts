import type { CoreHost } from '@sanode/runtime';
import type { Element } from '@sanode/xml';

/** A change of the CIB that the writer wants. */
export interface CibWrite {
  /** Attribute that it is for; give it back to `writeDone`. */
  readonly attribute: string;
  /** Data of `cib_modify`, section status. */
  readonly data: Element;
  readonly options: number;
  readonly user: string | undefined;
}

/** What the attribute manager needs of its daemon. Effects are carried out after its method has returned. */
export interface AttributesHost extends CoreHost {
  readonly localName: string;
  readonly localUuid: string;
  /** Sends to all (undefined) or to one node by name. A message to all comes back to us. */
  send(to: string | undefined, message: Element): void;
  /** Changes the CIB; answers with {@link AttributeManager.writeDone}. */
  writeCib(write: CibWrite): void;
  /** Decimal id of a cluster node by its name; undefined when unknown. */
  peerUuid(name: string): string | undefined;
  /** Forgets a node (peer-remove). */
  forgetPeer(name: string): void;
}
