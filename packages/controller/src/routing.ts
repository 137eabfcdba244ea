import { messageData } from '@sanode/messages';
import { isActive, type Peer } from '@sanode/peers';
import { attr, childElements, type Element, element, firstChild, withAttributes } from '@sanode/xml';
import type { Context } from './context.ts';
import type { ExecutorInterface } from './executor/executor-interface.ts';
import type { Requester } from './executor/operation.ts';
import type { JoinFollower } from './join-follower.ts';
import type { JoinLeader } from './join-leader.ts';

export interface RoutingDeps {
  readonly context: Context;
  readonly executor: ExecutorInterface;
  readonly leader: JoinLeader;
  readonly follower: JoinFollower;
  /** SIGTERM's effect, for `start_shutdown`. */
  shutDown(): void;
}

/** Where messages go, and what a controller does with those for itself (controller.md 3.1, 3.2, 10). */
export class Routing {
  readonly #context: Context;
  readonly #executor: ExecutorInterface;
  readonly #leader: JoinLeader;
  readonly #follower: JoinFollower;
  readonly #shutDown: () => void;

  constructor(deps: RoutingDeps) {
    this.#context = deps.context;
    this.#executor = deps.executor;
    this.#leader = deps.leader;
    this.#follower = deps.follower;
    this.#shutDown = deps.shutDown;
  }

  /** A message from CPG: the entry filter. */
  received(message: Element): void {
    const context = this.#context;
    const src = attr(message, 'src');
    if (context.isDc && attr(message, 'crm_sys_from') === 'dc' && !context.isLocal(src)) {
      context.log.warn({ dc: src, state: context.fsa.state }, `${src} acts as DC too: an election must decide`);
      if (context.fsa.state !== 'S_ELECTION') {
        context.fsa.raiseError('I_ELECTION', `${src} acts as DC too`, { message });
      }
      return;
    }
    if (!context.isDc && attr(message, 'crm_sys_to') === 'dc') return;
    this.route(message, false);
  }

  /** The router. @param local it originates here (a tool, the engine) */
  route(message: Element, local: boolean): void {
    const task = attr(message, 'crm_task') ?? '';
    const to = attr(message, 'crm_sys_to');
    if (task === 'hello') return;
    if (attr(message, 't') !== 'crmd' || to === undefined) {
      this.#context.log.warn(
        { task, to, type: attr(message, 't') },
        `a message (${task}) is dropped: it is not for a controller`,
      );
      return;
    }
    if (to === 'dc' || to === 'dcib' || to === 'tengine') this.#routeToDc(message, to, local);
    else if (this.#isLocal(message, task, to, local)) this.#deliver(message, to);
    else this.#forward(message);
  }

  #isLocal(message: Element, task: string, to: string, local: boolean): boolean {
    const host = attr(message, 'crm_host_to');
    if (to === 'crmd' && task === 'lrm_delete' && attr(messageData(message) ?? message, 'mode') === 'cib') return true;
    if (host !== undefined) return this.#context.isLocal(host);
    if (to !== 'crmd') return true;
    return task === 'node-info' || task === 'list-nodes' || !local;
  }

  #routeToDc(message: Element, to: string, local: boolean): void {
    if (this.#context.isDc) {
      if (to === 'tengine') this.#toEngine(message);
      else this.#process(message);
      return;
    }
    const from = attr(message, 'crm_sys_from');
    if (local && from !== 'pengine' && from !== 'tengine') this.#forward(message);
  }

  #toEngine(message: Element): void {
    const data = messageData(message);
    if (attr(message, 'crm_task') === 'lrm_invoke' && attr(message, 'crm_sys_from') === 'lrmd' && data !== undefined) {
      this.#context.engine.handleDirectAck(data);
    }
  }

  #deliver(message: Element, to: string): void {
    if (to === 'crmd' || to === 'cib') this.#process(message);
    else if (to === 'lrmd') this.#executor.invoke(message);
    else if (!this.#context.host.sendToClient(to, message)) {
      this.#context.log.debug({ client: to }, 'a message for a tool that is gone is dropped');
    }
  }

  #forward(message: Element): void {
    const host = attr(message, 'crm_host_to');
    if (host !== undefined && this.#context.cluster?.peerByName(host) === undefined) {
      this.#context.log.warn(
        { node: host, task: attr(message, 'crm_task') },
        `a message for ${host} is dropped: no such node`,
      );
      return;
    }
    this.#context.host.send(host, message);
  }

  /** An answer of the executor interface for who asked (9.4). */
  acknowledge(requester: Requester, data: Element): void {
    const message = this.#context.envelopes.request({
      task: 'lrm_invoke',
      to: requester.system,
      from: 'lrmd',
      host: requester.node ?? this.#context.localName,
      origin: 'controld_ack_event_directly',
      data,
    });
    const isHere = requester.node === undefined || this.#context.isLocal(requester.node);
    if (isHere) this.#context.host.effect(() => this.#context.react(() => this.route(message, true)));
    else this.#context.host.send(requester.node, message);
  }

  #process(message: Element): void {
    const task = attr(message, 'crm_task') ?? '';
    if (attr(message, 'subt') === 'response') return;
    const handler = this.#handlers[task];
    if (handler === undefined) {
      this.#context.log.warn({ task, from: attr(message, 'src') }, `unknown request '${task}' is ignored`);
    } else handler(message);
  }

  readonly #handlers: Readonly<Record<string, (message: Element) => void>> = {
    noop: () => {},
    hello: () => {},
    vote: (message) => this.#countVote(message),
    'no-vote': (message) => this.#countVote(message),
    join_announce: (message) => this.#raiseForDc('I_NODE_JOIN', message),
    join_request: (message) => {
      if (!this.#leader.isStale(message)) this.#raiseForDc('I_JOIN_REQUEST', message);
    },
    join_confirm: (message) => {
      if (!this.#leader.isStale(message)) this.#raiseForDc('I_JOIN_RESULT', message);
    },
    join_offer: (message) => {
      if (!this.#follower.isOfferAcceptable(message)) return;
      this.#context.fsa.raise('I_JOIN_OFFER', `offer of ${attr(message, 'src')}`, { data: { message } });
    },
    join_ack_nack: (message) => this.#raise('I_JOIN_RESULT', message),
    throttle: (message) => this.#throttle(message),
    req_shutdown: (message) => this.#shutdownAsked(message),
    do_shutdown: (message) => this.#shutdownOrdered(message),
    start_shutdown: () => this.#shutDown(),
    clear_failcount: (message) => this.#clearFailures(message),
    lrm_delete: (message) => this.#deleteHistory(message),
    lrm_fail: (message) => this.#executor.invoke(message),
    lrm_refresh: () => {},
    probe_again: (message) => this.#executor.invoke(message),
    ping: (message) => this.#ping(message),
    'node-info': (message) => this.#nodeInfo(message),
    'list-nodes': (message) => this.#listNodes(message),
    rm_node_cache: (message) => this.#forgetNode(message),
    remote_state: (message) =>
      this.#context.log.error(
        { id: attr(message, 'id') },
        'remote nodes are not supported yet: remote_state is ignored',
      ),
    maintenance_nodes: (message) =>
      this.#context.log.debug({ from: attr(message, 'src') }, 'maintenance of remote nodes: there are none here'),
  };

  #raise(input: 'I_NODE_JOIN' | 'I_JOIN_REQUEST' | 'I_JOIN_RESULT', message: Element): void {
    const why = `${attr(message, 'crm_task')} of ${attr(message, 'src')}`;
    this.#context.fsa.raise(input, why, { data: { message }, front: true });
  }

  #raiseForDc(input: 'I_NODE_JOIN' | 'I_JOIN_REQUEST' | 'I_JOIN_RESULT', message: Element): void {
    if (this.#context.isDc) this.#raise(input, message);
  }

  #countVote(message: Element): void {
    this.#context.fsa.raise('I_NULL', `${attr(message, 'crm_task')} of ${attr(message, 'src')}`, {
      data: { message },
      actions: ['A_ELECTION_COUNT', 'A_ELECTION_CHECK'],
    });
  }

  #peer(message: Element): Peer | undefined {
    const name = attr(message, 'src');
    return name === undefined ? undefined : this.#context.cluster?.peerByName(name);
  }

  #throttle(message: Element): void {
    const mode = Number.parseInt(attr(message, 'crm-limit-mode') ?? '', 10);
    const max = Number.parseInt(attr(message, 'crm-limit-max') ?? '', 10);
    const node = attr(message, 'src');
    if (Number.isNaN(mode) || Number.isNaN(max) || node === undefined) return;
    this.#context.throttle.record(node, mode, max);
    if (this.#context.isDc) this.#context.engine.throttleChanged();
  }

  #shutdownAsked(message: Element): void {
    const peer = this.#peer(message);
    if (peer === undefined) return;
    this.#context.info(peer).expected = 'down';
    if (!this.#context.isDc || peer.name === undefined) return;
    this.#context.log.info({ node: peer.name, ms: this.#context.host.monotonicMs() }, `${peer.name} asks to leave`);
    const nowS = Math.floor(this.#context.host.wallMs() / 1000);
    this.#context.host.updateAttributes(peer.name, [{ name: 'shutdown', value: String(nowS) }]);
  }

  #shutdownOrdered(message: Element): void {
    const { flags, fsa, dc } = this.#context;
    const src = attr(message, 'src');
    const asked = flags.has('SHUTDOWN');
    if (this.#context.isDc) {
      if (asked) fsa.raise('I_STOP', 'the cluster lets this node leave');
      else fsa.raise('I_TERMINATE', 'the DC orders this node to leave, which it did not ask for');
      return;
    }
    if (dc !== undefined && src?.toLowerCase() !== dc.toLowerCase()) {
      this.#context.log.warn({ from: src, dc }, `an order to leave of ${src} is ignored: the DC is ${dc}`);
      return;
    }
    if (!asked) {
      this.#context.log.error({ dc: src }, `${src} orders this node to leave, which it did not ask for: it stays down`);
      flags.add('STAYDOWN');
    }
    fsa.raise('I_STOP', `${src} lets this node leave`);
  }

  #clearFailures(message: Element): void {
    const data = messageData(message);
    const primitive = data === undefined ? undefined : firstChild(data, 'primitive');
    const resource = primitive === undefined ? undefined : attr(primitive, 'id');
    const attributes = data === undefined ? undefined : firstChild(data, 'attributes');
    if (data === undefined || resource === undefined) {
      this.#context.log.warn({}, 'clear_failcount names no resource: ignored');
      return;
    }
    const task = attributes === undefined ? undefined : attr(attributes, 'CRM_meta_clear_failure_op');
    const interval =
      Number.parseInt((attributes && attr(attributes, 'CRM_meta_clear_failure_interval')) ?? '0', 10) || 0;
    const node = attr(data, 'on_node') ?? this.#context.localName;
    this.#context.host.clearFailures(node, resource, task, task === undefined ? undefined : interval);
    this.#executor.forgetFailure(resource, task, task === undefined ? undefined : interval);
  }

  #deleteHistory(message: Element): void {
    const data = messageData(message);
    if (data === undefined || attr(data, 'mode') !== 'cib') {
      this.#executor.invoke(message);
      return;
    }
    const node = attr(data, 'on_node');
    const primitive = firstChild(data, 'primitive');
    const resource = primitive === undefined ? undefined : attr(primitive, 'id');
    if (node === undefined || resource === undefined || /['"]/.test(node + resource)) {
      this.#context.log.warn({ node, resource }, 'lrm_delete of the CIB names no node or resource: ignored');
      return;
    }
    this.#context.cib(
      {
        operation: 'cib_delete',
        section: `//node_state[@uname='${node}']/lrm/lrm_resources/lrm_resource[@id='${resource}']`,
        options: 0x2 | 0x100000,
      },
      () => {},
    );
  }

  /** Answers a request: to the tool here, or over CPG to the controller that relays it. */
  #reply(request: Element, origin: string, data: Element): void {
    const reply = this.#context.envelopes.reply(request, origin, data);
    if (reply === undefined) return;
    const host = attr(reply, 'crm_host_to');
    if (host === undefined || this.#context.isLocal(host)) {
      const withSource = withAttributes(reply, { src: this.#context.localName });
      this.#context.host.sendToClient(attr(reply, 'crm_sys_to') ?? '', withSource);
    } else this.#context.host.send(host, reply);
  }

  #ping(message: Element): void {
    const data = element('ping_response', {
      crm_subsystem: attr(message, 'crm_sys_to'),
      crmd_state: this.#context.fsa.state,
      result: 'ok',
    });
    this.#reply(message, 'handle_ping', data);
  }

  #nodeInfo(message: Element): void {
    const cluster = this.#context.cluster;
    const id = Number.parseInt(attr(message, 'id') ?? '0', 10) || 0;
    const name = attr(message, 'uname');
    const wanted =
      id > 0
        ? cluster?.peerById(id)
        : cluster?.peerByName(name === undefined || name === '' ? this.#context.localName : name);
    const data = element('node', {
      crm_subsystem: 'crmd',
      'have-quorum': String(this.#context.hasQuorum),
      id: wanted?.id ?? (id > 0 ? id : undefined),
      uuid: wanted?.uuid,
      uname: wanted?.name ?? name,
      crmd: wanted === undefined ? undefined : isActive(wanted) ? 'member' : 'lost',
      remote_node: wanted === undefined ? undefined : 'false',
    });
    this.#reply(message, 'handle_node_info_request', data);
  }

  #listNodes(message: Element): void {
    const nodes = this.#context
      .peers()
      .map((peer) =>
        element('node', { id: peer.id, uname: peer.name, in_ccm: peer.state === 'member' ? 'member' : 'lost' }),
      );
    this.#reply(message, 'handle_node_list', element('nodes', {}, nodes));
  }

  #forgetNode(message: Element): void {
    if (attr(message, 'src') === undefined) {
      this.#context.request({
        task: 'rm_node_cache',
        to: 'crmd',
        from: attr(message, 'crm_sys_from') ?? 'crmd',
        origin: 'handle_node_removal',
        attributes: { id: attr(message, 'id'), uname: attr(message, 'uname') },
      });
      return;
    }
    const id = Number.parseInt(attr(message, 'id') ?? '0', 10) || undefined;
    const name = attr(message, 'uname');
    const count = this.#context.cluster?.forget({
      ...(id === undefined ? {} : { id }),
      ...(name === undefined ? {} : { name }),
    });
    this.#context.log.info({ node: name, id, count }, `node ${name ?? id} was forgotten`);
  }
}

/** Whether a tool's hello is acceptable: a name and numeric versions. */
export function isValidHello(message: Element): boolean {
  const data = messageData(message);
  const options = data ?? childElements(message)[0];
  if (options === undefined) return false;
  const isNumber = (name: string): boolean => /^\d{1,6}$/.test(attr(options, name) ?? '');
  return isNumber('major_version') && isNumber('minor_version') && (attr(options, 'client_name') ?? '') !== '';
}
