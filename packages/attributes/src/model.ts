import type { Timer } from '@sanode/runtime';

/** Value of an attribute on one node. */
export interface NodeValue {
  /** Name of the node as it was given. */
  readonly node: string;
  /** Decimal id of a cluster node, the name of a remote one; undefined until it is learnt. */
  uuid: string | undefined;
  readonly remote: boolean;
  /** undefined: deleted. */
  value: string | undefined;
  /** Seen in the synchronization that runs. */
  seen: boolean;
}

/** An attribute, with what it is on each node. */
export interface Attribute {
  readonly name: string;
  /** Id of the set that it is written to, if not the usual one. */
  setId: string | undefined;
  /** Who made it: the CIB is changed in that user's name. */
  user: string | undefined;
  isPrivate: boolean;
  dampeningMs: number;
  timer: Timer | undefined;
  /** Differs from what was last written. */
  changed: boolean;
  /** Write with the next dampened write even if nothing differs. */
  forceWrite: boolean;
  /** A write of it is under way. */
  writing: boolean;
  /** Write again when that one has ended. */
  writeAgain: boolean;
  /** By node name in lower case. */
  readonly values: Map<string, NodeValue>;
}

/** Most attributes that are kept; more are refused. */
export const maxAttributes = 10_000;
/** Longest name and value taken. */
export const maxNameLength = 1024;
export const maxValueLength = 64 * 1024;

/** All attributes by name. */
export class AttributeTable {
  readonly #attributes = new Map<string, Attribute>();

  get(name: string): Attribute | undefined {
    return this.#attributes.get(name);
  }

  /** The attribute, made if it is new; undefined when there are too many. */
  obtain(
    name: string,
    fresh: { setId: string | undefined; user: string | undefined; isPrivate: boolean; dampeningMs: number },
  ): Attribute | undefined {
    const known = this.#attributes.get(name);
    if (known !== undefined) return known;
    if (this.#attributes.size >= maxAttributes) return undefined;
    const attribute: Attribute = {
      name,
      ...fresh,
      timer: undefined,
      changed: false,
      forceWrite: false,
      writing: false,
      writeAgain: false,
      values: new Map(),
    };
    this.#attributes.set(name, attribute);
    return attribute;
  }

  all(): IterableIterator<Attribute> {
    return this.#attributes.values();
  }

  /** Forgets a node's values. @returns whether it had any */
  removeNode(node: string): boolean {
    let found = false;
    for (const attribute of this.#attributes.values()) {
      if (attribute.values.delete(node.toLowerCase())) found = true;
    }
    return found;
  }
}
