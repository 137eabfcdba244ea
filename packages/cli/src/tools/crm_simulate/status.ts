import { attr, childElements, type Element, firstChild, type Node } from '@sanode/xml';

/** An element of the status section while a simulation changes it. Everything of it belongs to one {@link Status}. */
interface MutableElement extends Element {
  readonly attributes: Map<string, string>;
  readonly children: Node[];
}

function copy(element: Element): MutableElement {
  return {
    type: 'element',
    name: element.name,
    attributes: new Map(element.attributes),
    children: element.children.map((child) => (child.type === 'element' ? copy(child) : child)),
  };
}

function child(parent: MutableElement, name: string): MutableElement | undefined {
  return parent.children.find((each) => each.type === 'element' && each.name === name) as MutableElement | undefined;
}

function make(parent: MutableElement, name: string, attributes: Readonly<Record<string, string>>): MutableElement {
  const made: MutableElement = {
    type: 'element',
    name,
    attributes: new Map(Object.entries(attributes)),
    children: [],
  };
  parent.children.push(made);
  return made;
}

export interface Agent {
  readonly id: string;
  readonly class: string | undefined;
  readonly provider: string | undefined;
  readonly type: string | undefined;
}

/** A CIB whose status a simulation changes; the rest of the document stays as it is. */
export class SimulatedCib {
  readonly #cib: Element;
  /** The status once something may have changed; until then it is the document's. */
  #changed: MutableElement | undefined;
  readonly #states = new Map<MutableElement, NodeState>();

  constructor(cib: Element) {
    this.#cib = cib;
  }

  /** The document as it is now; further changes do not show in it. */
  document(): Element {
    if (this.#changed === undefined) return this.#cib;
    const status = copy(this.#changed);
    const others = this.#cib.children.filter((each) => !(each.type === 'element' && each.name === 'status'));
    return { ...this.#cib, children: [...others, status] };
  }

  get #status(): MutableElement {
    if (this.#changed === undefined) {
      const found = firstChild(this.#cib, 'status');
      this.#changed = copy(found ?? { type: 'element', name: 'status', attributes: new Map(), children: [] });
    }
    return this.#changed;
  }

  /** A document with other root attributes or another configuration, and the present status. */
  rebase(change: (cib: Element) => Element): SimulatedCib {
    return new SimulatedCib(change(this.document()));
  }

  #nodeStates(): MutableElement[] {
    return this.#status.children.filter(
      (each) => each.type === 'element' && each.name === 'node_state',
    ) as MutableElement[];
  }

  /** The state of a node; made if there is none. */
  nodeState(name: string, id: string): NodeState {
    const states = this.#nodeStates();
    // A node that has not joined yet is known by its id only.
    const found =
      states.find((each) => attr(each, 'uname') === name) ??
      states.find((each) => attr(each, 'id') === id && attr(each, 'uname') === undefined);
    found?.attributes.set('uname', name);
    const element = found ?? make(this.#status, 'node_state', { id, uname: name });
    const state = this.#states.get(element) ?? new NodeState(element);
    this.#states.set(element, state);
    return state;
  }

  hasNodeState(name: string): boolean {
    return this.#nodeStates().some((each) => attr(each, 'uname') === name);
  }

  setTicket(id: string, values: Readonly<Record<string, string>>): void {
    const tickets = child(this.#status, 'tickets') ?? make(this.#status, 'tickets', {});
    let state = tickets.children.find((each) => each.type === 'element' && attr(each, 'id') === id) as
      | MutableElement
      | undefined;
    state ??= make(tickets, 'ticket_state', { id });
    for (const [name, value] of Object.entries(values)) state.attributes.set(name, value);
  }
}

/** One node's state. */
export class NodeState {
  readonly #element: MutableElement;
  /** Histories by resource id, once one has been asked for. */
  #histories: Map<string, MutableElement[]> | undefined;

  constructor(element: MutableElement) {
    this.#element = element;
  }

  set(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.#element.attributes.set(name, value);
  }

  /** Forgets histories and attributes, as after fencing. */
  forget(): void {
    this.#histories = undefined;
    const { children } = this.#element;
    for (let at = children.length - 1; at >= 0; at -= 1) {
      const each = children[at];
      if (each?.type === 'element' && (each.name === 'lrm' || each.name === 'transient_attributes'))
        children.splice(at, 1);
    }
  }

  setAttribute(name: string, value: string): void {
    const id = attr(this.#element, 'id') ?? '';
    const transient =
      child(this.#element, 'transient_attributes') ?? make(this.#element, 'transient_attributes', { id });
    const existing = child(transient, 'instance_attributes');
    const set = existing ?? make(transient, 'instance_attributes', { id });
    const owner = existing === undefined ? '_' : (attr(existing, 'id') ?? '_');
    const found = set.children.find((each) => each.type === 'element' && attr(each, 'name') === name) as
      | MutableElement
      | undefined;
    if (found === undefined) make(set, 'nvpair', { id: `${owner}-${name}`.replace(/#/g, '.'), name, value });
    else found.attributes.set('value', value);
  }

  /** The history that the first of the names has which has one; made, with the id of the definition, if there is none. */
  history(names: readonly string[], agent: Agent): History {
    const lrm = child(this.#element, 'lrm') ?? make(this.#element, 'lrm', { id: attr(this.#element, 'id') ?? '' });
    const resources = child(lrm, 'lrm_resources') ?? make(lrm, 'lrm_resources', {});
    this.#histories ??= Map.groupBy(childElements(resources) as MutableElement[], (each) => attr(each, 'id') ?? '');
    for (const name of names) {
      // Where a name has several histories none of them is meant.
      const [found, other] = this.#histories.get(name) ?? [];
      if (found !== undefined && other === undefined) return new History(found);
    }
    const attributes: Record<string, string> = { id: agent.id };
    if (agent.class !== undefined) attributes['class'] = agent.class;
    if (agent.provider !== undefined) attributes['provider'] = agent.provider;
    if (agent.type !== undefined) attributes['type'] = agent.type;
    const made = make(resources, 'lrm_resource', attributes);
    const id = attr(made, 'id') ?? '';
    this.#histories.set(id, [...(this.#histories.get(id) ?? []), made]);
    return new History(made);
  }
}

/** One resource's history on a node. */
export class History {
  readonly #element: MutableElement;

  constructor(element: MutableElement) {
    this.#element = element;
  }

  get highestCallId(): number {
    let highest = 0;
    for (const each of this.#element.children) {
      if (each.type === 'element') highest = Math.max(highest, Number(attr(each, 'call-id') ?? 0) || 0);
    }
    return highest;
  }

  /** Adds an entry, or replaces the one of this id. */
  record(id: string, attributes: Readonly<Record<string, string | undefined>>): void {
    const found = this.#element.children.find((each) => each.type === 'element' && attr(each, 'id') === id);
    const entry = (found as MutableElement | undefined) ?? make(this.#element, 'lrm_rsc_op', { id });
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) entry.attributes.delete(name);
      else entry.attributes.set(name, value);
    }
  }
}
