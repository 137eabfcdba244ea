import { electionState } from '@sanode/peers';
import { attr, childElements, type Element, element, withAttributes, withChildren } from '@sanode/xml';
import type { WriterElection } from './election-port.ts';
import type { AttributesHost } from './host.ts';
import { addValueElement, failurePattern, flag, protocolVersion, queryReply, statusUpdate } from './messages.ts';
import { type Attribute, AttributeTable, maxNameLength, maxValueLength, type NodeValue } from './model.ts';
import { expandValue, parseDampeningMs } from './value.ts';

const protocolAttribute = '#attrd-protocol';
const retryMs = 2000;
/** Call options of writes: quorum_override, and with deletions what the reference adds to it (5.5). */
const writeOptions = 0x100000;
const deleteOptions = 0x100180;

/**
 * The attribute manager's core (executor-fencer-attrd.md 5): values per node, replicated to all, written to the CIB by
 * the one writer that the attrds elect. Every change goes through the cluster, our own too.
 */
export class AttributeManager {
  readonly #host: AttributesHost;
  readonly #election: WriterElection;
  readonly #table = new AttributeTable();
  /** Name of the writer, in lower case, when it is known. */
  #writer: string | undefined;
  /** Lowest protocol version ever seen among the peers. */
  #minimumProtocol = protocolVersion;
  #shuttingDown = false;
  #stopping = false;

  constructor(deps: { host: AttributesHost; election: WriterElection }) {
    this.#host = deps.host;
    this.#election = deps.election;
  }

  /**
   * Whether we may become the writer. A node that leaves may not (5.5), unless all leave: when a whole cluster stops at
   * once and the writer goes first, nobody else could write the `shutdown` attributes that the others wait for.
   * @param activePeers names of the nodes in our group, our own included
   */
  mayWrite(activePeers: readonly string[]): boolean {
    if (this.#stopping) return false;
    if (!this.#shuttingDown) return true;
    const leaving = this.#table.get('shutdown')?.values;
    return activePeers.every((name) => !['', '0', undefined].includes(leaving?.get(name.toLowerCase())?.value));
  }

  /** After joining the group: tells the protocol version, and begins an election (5.4). */
  start(): void {
    this.#election.vote();
    this.#send(
      undefined,
      element('attrd_broadcast_protocol', {
        t: 'attrd',
        src: 'pacemaker-attrd',
        task: 'update',
        attr_name: protocolAttribute,
        attr_value: protocolVersion,
        attr_is_private: 1,
        attr_host: this.#host.localName,
        attr_host_id: this.#host.localUuid,
      }),
    );
  }

  /** The daemon was told to stop. */
  stop(): void {
    this.#stopping = true;
    for (const attribute of this.#table.all()) attribute.timer?.cancel();
  }

  /** A message of the group, our own included. */
  handleMessage(message: Element, fromName: string): void {
    if (attr(message, 'crm_task') !== undefined) {
      this.#election.count(message, fromName);
      this.#election.check();
      if (attr(message, 'crm_task') === 'vote' && this.#election.state === electionState.lost) this.#writer = undefined;
      return;
    }
    if (attr(message, 't') !== 'attrd') return;
    switch (attr(message, 'task')) {
      case 'update':
      case 'update-both':
      case 'update-delay':
        this.#handleUpdates(message, fromName);
        break;
      case 'clear-failure':
        this.#handleClearFailure(message);
        break;
      case 'peer-remove':
        this.#handlePeerRemove(message);
        break;
      case 'sync-response':
        this.#handleSync(message, fromName);
        break;
      case 'sync':
        this.#sendSync(fromName);
        break;
      default:
        break;
    }
    if (flag(message, 'confirm') && attr(message, 'call-id') !== undefined) {
      const confirm = { t: 'attrd', task: 'confirm', 'call-id': attr(message, 'call-id') };
      this.#send(fromName, element('attrd_confirm', confirm));
    }
  }

  /** A peer's attrd came (`online`) or went. */
  peerChanged(name: string, online: boolean): void {
    if (online) {
      if (this.#isWriter() && name.toLowerCase() !== this.#host.localName.toLowerCase()) this.#sendSync(name);
      this.#learnUuids();
      return;
    }
    this.#table.removeNode(name);
    this.#election.peerLost(name);
    if (this.#writer === name.toLowerCase()) {
      this.#writer = undefined;
      for (const attribute of this.#table.all()) this.#stopTimer(attribute);
      this.#election.vote();
    } else this.#election.check();
  }

  /** A peer's id or name was learnt: what could not be written for want of it can be now. */
  peerLearnt(): void {
    this.#learnUuids();
  }

  /** We won the election. */
  won(): void {
    this.#writer = this.#host.localName.toLowerCase();
    this.#sendSync(undefined);
    this.writeAll();
  }

  /** Writes every attribute: after winning, and after the CIB's nodes or status were replaced. */
  writeAll(): void {
    if (!this.#isWriter()) return;
    for (const attribute of this.#table.all()) this.#write(attribute, true);
  }

  /** A write that the host was asked for has ended. @param rc 0, or negative */
  writeDone(name: string, rc: number): void {
    const attribute = this.#table.get(name);
    if (attribute === undefined) return;
    attribute.writing = false;
    const again = attribute.writeAgain;
    attribute.writeAgain = false;
    if (rc < 0) {
      this.#host.log.warn(
        { attribute: name, rc },
        `attribute ${name} was not written to the CIB (${rc}); trying again`,
      );
      attribute.changed = true;
      this.#startTimer(attribute, attribute.dampeningMs > 0 ? attribute.dampeningMs : retryMs);
    } else if (again && this.#isWriter()) this.#write(attribute, true);
  }

  /**
   * A request of a local client (5.6). Changes are passed on to all attrds and come back from there.
   * @param user name of the client's user
   * @returns the answer: a query's reply, or `<ack>`
   */
  handleClient(request: Element, user: string | undefined): Element {
    if (attr(request, 'task') === 'query') return this.#query(request);
    const problem = this.#passOn(request, user);
    if (problem !== undefined)
      this.#host.log.warn({ task: attr(request, 'task') }, `client's request refused: ${problem}`);
    return element('ack', {
      function: 'attrd_ipc_dispatch',
      attr_version: protocolVersion,
      status: problem === undefined ? 112 : 22,
      'sanode-refusal': problem,
    });
  }

  #query(request: Element): Element {
    const name = attr(request, 'attr_name') ?? '';
    const attribute = this.#table.get(name);
    const host = attr(request, 'attr_host')?.toLowerCase();
    const values = [...(attribute?.values.values() ?? [])];
    return queryReply(
      name,
      values.filter((value) => host === undefined || value.node.toLowerCase() === host),
    );
  }

  /** @returns why it is refused */
  #passOn(request: Element, user: string | undefined): string | undefined {
    const identity = { acl_target: user, attr_user: user };
    switch (attr(request, 'task')) {
      case 'update':
      case 'update-both':
      case 'update-delay':
        return this.#passOnUpdates(request, identity);
      case 'clear-failure':
        if (failurePattern(request) === undefined) return 'attr_clear_interval is no span of time';
        return this.#passOnClearFailure(request, identity);
      case 'peer-remove': {
        const name = attr(request, 'attr_host') ?? this.#nameOf(attr(request, 'attr_host_id'));
        if (name === undefined) return 'a node to remove must be named by attr_host or attr_host_id';
        this.#send(undefined, withAttributes(request, { attr_host: name, ...identity }));
        return undefined;
      }
      case 'refresh':
        this.#election.vote();
        return undefined;
      case 'flush':
      case 'sync':
        return undefined;
      default:
        return `unknown task ${attr(request, 'task') ?? '(none)'}`;
    }
  }

  #passOnUpdates(
    request: Element,
    identity: { acl_target: string | undefined; attr_user: string | undefined },
  ): string | undefined {
    const operations = childElements(request, 'op');
    if (operations.length === 0) {
      const expanded = this.#expandUpdate(request);
      if (typeof expanded === 'string') return expanded;
      for (const each of expanded) this.#send(undefined, withAttributes(each, identity));
      return undefined;
    }
    const all: Element[] = [];
    for (const operation of operations) {
      const expanded = this.#expandUpdate(inherit(operation, request));
      if (typeof expanded === 'string') return expanded;
      all.push(...expanded);
    }
    const multipleSince = 4;
    if (this.#minimumProtocol >= multipleSince) {
      const whole = withChildren(
        request,
        all.map((each) => withAttributes(each, { t: null, src: null })),
      );
      this.#send(undefined, withAttributes(whole, identity));
    } else for (const each of all) this.#send(undefined, withAttributes({ ...each, name: request.name }, identity));
    return undefined;
  }

  /** One update as it is sent: names for a pattern, our node for none, counters expanded. A sentence when refused. */
  #expandUpdate(update: Element): Element[] | string {
    const names = this.#updateNames(update);
    if (typeof names === 'string') return names;
    const value = attr(update, 'attr_value');
    if (value !== undefined && value.length > maxValueLength)
      return `a value may have ${maxValueLength} characters at most`;
    const dampening = attr(update, 'attr_dampening');
    if (attr(update, 'task') !== 'update' && parseDampeningMs(dampening) === undefined) {
      return `attr_dampening=${dampening ?? '(none)'} is no span of time`;
    }
    const host = attr(update, 'attr_host') ?? this.#host.localName;
    return names.map((name) => {
      const current = this.#table.get(name)?.values.get(host.toLowerCase())?.value;
      const changes: Record<string, string | null | undefined> = { attr_name: name, attr_regex: null, attr_host: host };
      if (value !== undefined) changes['attr_value'] = expandValue(value, current);
      return withAttributes(update, changes);
    });
  }

  #updateNames(update: Element): string[] | string {
    const name = attr(update, 'attr_name');
    const pattern = attr(update, 'attr_regex');
    if (name === undefined && pattern === undefined) return 'an update must name an attribute';
    if (name !== undefined) {
      return name === '' || name.length > maxNameLength ? `a name has 1 to ${maxNameLength} characters` : [name];
    }
    let expression: RegExp;
    try {
      expression = new RegExp(pattern as string);
    } catch {
      return `attr_regex is no regular expression: ${pattern}`;
    }
    return [...this.#table.all()].filter((each) => expression.test(each.name)).map((each) => each.name);
  }

  #passOnClearFailure(
    request: Element,
    identity: { acl_target: string | undefined; attr_user: string | undefined },
  ): string | undefined {
    const clearFailureSince = 2;
    if (this.#minimumProtocol >= clearFailureSince) {
      this.#send(undefined, withAttributes(request, identity));
      return undefined;
    }
    const pattern = failurePattern(request);
    for (const attribute of this.#table.all()) {
      if (pattern?.test(attribute.name) !== true) continue;
      const plain = { task: 'update', attr_name: attribute.name, attr_host: attr(request, 'attr_host') };
      this.#send(undefined, element('attrd_update', { t: 'attrd', ...plain, ...identity }));
    }
    return undefined;
  }

  #handleUpdates(message: Element, fromName: string): void {
    const operations = childElements(message, 'op');
    if (operations.length === 0) this.#applyUpdate(message, fromName, undefined);
    for (const operation of operations) this.#applyUpdate(inherit(operation, message), fromName, undefined);
    if (attr(message, 'attr_name') === protocolAttribute) this.#noteProtocol(attr(message, 'attr_value'));
  }

  #noteProtocol(value: string | undefined): void {
    const version = Number.parseInt(value ?? '', 10);
    if (version > 0 && version < this.#minimumProtocol) this.#minimumProtocol = version;
  }

  /** 5.3. @param sync `filter` in a synchronization: values of our own node are refused */
  #applyUpdate(update: Element, fromName: string, sync: 'filter' | undefined): void {
    const name = attr(update, 'attr_name');
    if (name === undefined || name === '' || name.length > maxNameLength) return;
    const task = attr(update, 'task') ?? 'update';
    const dampeningMs = parseDampeningMs(attr(update, 'attr_dampening'));
    const attribute =
      task === 'update-delay'
        ? this.#table.get(name)
        : this.#table.obtain(name, {
            setId: attr(update, 'attr_set'),
            user: attr(update, 'attr_user'),
            isPrivate: flag(update, 'attr_is_private'),
            dampeningMs: dampeningMs ?? 0,
          });
    if (attribute === undefined) {
      this.#host.log.warn(
        { attribute: name, from: fromName },
        `update of ${name} not possible: not known, or too many`,
      );
      return;
    }
    if (task === 'update-both' || task === 'update-delay') this.#setDampening(attribute, dampeningMs);
    if (task === 'update-delay') return;
    const host = attr(update, 'attr_host');
    if (host !== undefined) this.#applyValue(attribute, host, update, sync);
    else for (const value of [...attribute.values.values()]) this.#applyValue(attribute, value.node, update, sync);
  }

  #setDampening(attribute: Attribute, dampeningMs: number | undefined): void {
    if (dampeningMs === undefined || dampeningMs === attribute.dampeningMs) return;
    attribute.dampeningMs = dampeningMs;
    this.#stopTimer(attribute);
    this.#writeOrElect(attribute);
  }

  #applyValue(attribute: Attribute, host: string, update: Element, sync: 'filter' | undefined): void {
    const given = attr(update, 'attr_value');
    const wanted = given === undefined || given === '' ? undefined : given.slice(0, maxValueLength);
    const value = this.#valueOf(attribute, host, update);
    const isLocal = host.toLowerCase() === this.#host.localName.toLowerCase();
    if (sync === 'filter' && isLocal && value.value !== wanted) {
      value.seen = true;
      this.#broadcastValue(attribute, value);
      return;
    }
    value.seen = true;
    if (isLocal && attribute.name === 'shutdown' && wanted !== undefined && wanted !== '0') this.#shuttingDown = true;
    if (value.value === wanted) {
      if (flag(update, 'attrd_is_force_write') && attribute.dampeningMs > 0) {
        attribute.forceWrite = true;
        this.#startTimer(attribute, attribute.dampeningMs);
      }
      return;
    }
    value.value = wanted;
    attribute.changed = true;
    this.#host.log.info(
      { attribute: attribute.name, node: host, value: wanted },
      `${attribute.name}[${host}] is now ${wanted ?? '(unset)'}`,
    );
    if (attribute.dampeningMs > 0) this.#startTimer(attribute, attribute.dampeningMs);
    else this.#writeOrElect(attribute);
  }

  #valueOf(attribute: Attribute, host: string, update: Element): NodeValue {
    const remote = flag(update, 'attr_is_remote');
    let value = attribute.values.get(host.toLowerCase());
    if (value === undefined) {
      value = { node: host, uuid: undefined, remote, value: undefined, seen: false };
      attribute.values.set(host.toLowerCase(), value);
    }
    const uuid = attr(update, 'attr_host_id');
    value.uuid ??= value.remote ? host : (uuid ?? this.#host.peerUuid(host));
    return value;
  }

  #handleClearFailure(message: Element): void {
    const pattern = failurePattern(message);
    if (pattern === undefined) return;
    for (const attribute of this.#table.all()) {
      if (!pattern.test(attribute.name)) continue;
      const host = attr(message, 'attr_host');
      const plain = element('update', { attr_host: host });
      if (host === undefined) {
        for (const value of [...attribute.values.values()]) this.#applyValue(attribute, value.node, plain, undefined);
      } else if (attribute.values.has(host.toLowerCase())) this.#applyValue(attribute, host, plain, undefined);
    }
  }

  #handlePeerRemove(message: Element): void {
    const name = attr(message, 'attr_host');
    if (name === undefined) return;
    this.#table.removeNode(name);
    this.#host.forgetPeer(name);
  }

  /** 5.4. The sender is the writer if it says that it won. */
  #handleSync(message: Element, fromName: string): void {
    if (fromName.toLowerCase() === this.#host.localName.toLowerCase()) return;
    const senderWon = attr(message, 'attr_writer') === String(electionState.won);
    if (senderWon) {
      if (this.#isWriter()) {
        this.#host.log.warn({ from: fromName }, `${fromName} takes itself for the writer as we do: electing again`);
        this.#writer = undefined;
        this.#election.vote();
      } else this.#writer = fromName.toLowerCase();
      for (const attribute of this.#table.all()) for (const value of attribute.values.values()) value.seen = false;
    }
    for (const child of childElements(message)) {
      if (attr(child, 'attr_host') === undefined) continue;
      this.#applyUpdate(withAttributes(child, { task: null }), fromName, 'filter');
      if (attr(child, 'attr_name') === protocolAttribute) this.#noteProtocol(attr(child, 'attr_value'));
    }
    if (!senderWon) return;
    for (const attribute of this.#table.all()) {
      const own = attribute.values.get(this.#host.localName.toLowerCase());
      if (own !== undefined && !own.seen && own.value !== undefined) this.#broadcastValue(attribute, own);
    }
  }

  #broadcastValue(attribute: Attribute, value: NodeValue): void {
    const update = addValueElement(attribute, value, false);
    this.#send(undefined, withAttributes(update, { t: 'attrd', task: 'update' }));
  }

  #sendSync(to: string | undefined): void {
    const values: Element[] = [];
    for (const attribute of this.#table.all()) {
      for (const value of attribute.values.values())
        values.push(addValueElement(attribute, value, attribute.forceWrite));
    }
    this.#send(to, element('attrd_peer_sync', { task: 'sync-response', t: 'attrd' }, values));
  }

  #writeOrElect(attribute: Attribute): void {
    if (this.#isWriter()) this.#write(attribute, false);
    else if (this.#writer === undefined) this.#electUnlessRunning();
  }

  #electUnlessRunning(): void {
    if (this.#election.state !== electionState.inProgress) this.#election.vote();
  }

  /** Writes one attribute's values of all nodes (5.5). */
  #write(attribute: Attribute, all: boolean): void {
    if (attribute.isPrivate || (!all && !attribute.changed && !attribute.forceWrite)) return;
    if (attribute.writing) {
      attribute.writeAgain = true;
      return;
    }
    this.#stopTimer(attribute);
    const update = statusUpdate(attribute, (value) => this.#learnUuid(value));
    if (update === undefined) return;
    attribute.changed = false;
    attribute.forceWrite = false;
    attribute.writing = true;
    this.#host.writeCib({
      attribute: attribute.name,
      data: update.data,
      options: update.deletes ? deleteOptions : writeOptions,
      user: attribute.user,
    });
  }

  #learnUuid(value: NodeValue): string | undefined {
    value.uuid ??= value.remote ? value.node : this.#host.peerUuid(value.node);
    return value.uuid;
  }

  #learnUuids(): void {
    if (!this.#isWriter()) return;
    for (const attribute of this.#table.all()) {
      const unknown = [...attribute.values.values()].filter((value) => value.uuid === undefined);
      if (unknown.some((value) => this.#learnUuid(value) !== undefined)) this.#write(attribute, true);
    }
  }

  #nameOf(uuid: string | undefined): string | undefined {
    if (uuid === undefined) return undefined;
    for (const attribute of this.#table.all()) {
      for (const value of attribute.values.values()) if (value.uuid === uuid) return value.node;
    }
    return undefined;
  }

  #startTimer(attribute: Attribute, delayMs: number): void {
    attribute.timer?.cancel();
    attribute.timer = this.#host.setTimer(delayMs, () => {
      attribute.timer = undefined;
      this.#writeOrElect(attribute);
    });
  }

  #stopTimer(attribute: Attribute): void {
    attribute.timer?.cancel();
    attribute.timer = undefined;
  }

  #isWriter(): boolean {
    return this.#election.state === electionState.won;
  }

  #send(to: string | undefined, message: Element): void {
    this.#host.send(to, withAttributes(message, { attr_version: protocolVersion, attr_writer: this.#election.state }));
  }
}

/** An `<op>` child with what it does not say taken from its parent. */
function inherit(operation: Element, parent: Element): Element {
  const missing: Record<string, string> = {};
  for (const [name, value] of parent.attributes) if (!operation.attributes.has(name)) missing[name] = value;
  return withAttributes(operation, missing);
}
