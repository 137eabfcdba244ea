import { cibOption } from '@sanode/cib';
import { featureSetsCompatible } from '@sanode/messages';
import { attr, type Element, element } from '@sanode/xml';
import type { Context } from './context.ts';

/** Feature set of a DC that does not tell it. */
const OLDEST_FEATURE_SET = '3.0.14';
const FATAL_EXIT = 100;

export interface JoinFollowerDeps {
  readonly context: Context;
  snapshot(): Element | undefined;
}

/** A node's side of the join (controller.md 6.2), and what it knows of its DC. */
export class JoinFollower {
  readonly #context: Context;
  readonly #snapshot: () => Element | undefined;
  #queryId = 0;
  #joinedBefore = false;

  constructor(deps: JoinFollowerDeps) {
    this.#context = deps.context;
    this.#snapshot = deps.snapshot;
  }

  forgetDc(): void {
    this.#context.dc = undefined;
    this.#context.dcVersion = undefined;
  }

  /** Learns who is DC from one of its messages (4.4). @returns false when it can't be */
  learnDc(message: Element): boolean {
    const name = attr(message, 'src');
    if (name === undefined) return false;
    const { dc } = this.#context;
    const isRival = this.#context.isDc && !this.#context.isLocal(name);
    if (isRival || (dc !== undefined && dc.toLowerCase() !== name.toLowerCase())) {
      this.#context.log.warn({ dc: name, known: dc }, `${name} says it is DC, but ${dc ?? 'this node'} is`);
      this.#context.fsa.add('A_CL_JOIN_QUERY', 'A_DC_TIMER_START');
      return false;
    }
    this.#context.dc = name;
    this.#context.dcVersion = attr(message, 'version');
    if (dc === undefined) {
      this.#context.log.info({ dc: name, version: this.#context.dcVersion }, `the DC is ${name}`);
      const peer = this.#context.cluster?.peerByName(name);
      if (peer !== undefined) this.#context.info(peer).expected = 'member';
    }
    return true;
  }

  /** CL_JOIN_QUERY and CL_JOIN_ANNOUNCE: asks whoever is DC for an offer. */
  announce(origin: string): void {
    this.forgetDc();
    this.#context.request({ task: 'join_announce', to: 'dc', from: 'crmd', origin });
  }

  /** Whether an offer may be taken; a DC that we can't follow ends the daemon for good. */
  isOfferAcceptable(message: Element): boolean {
    const dcSet = attr(message, 'crm_feature_set') ?? OLDEST_FEATURE_SET;
    const own = this.#context.envelopes.featureSet;
    if (featureSetsCompatible(dcSet, own)) return true;
    this.#context.host.exit(
      FATAL_EXIT,
      `the cluster runs with feature set ${dcSet}, this node has ${own}: it can't join; update this node, or set SANODE_RELEASE`,
    );
    return false;
  }

  /** CL_JOIN_REQUEST: answers an offer with the version of our CIB. */
  request(message: Element): void {
    if (!this.learnDc(message)) return;
    const dc = this.#context.dc as string;
    if (attr(message, 'dc-leaving') === 'true') {
      const peer = this.#context.cluster?.peerByName(dc);
      if (peer !== undefined) this.#context.info(peer).expected = 'down';
    }
    this.#context.stopTimer('dc-deadtime');
    this.#context.stopTimer('early-election');
    this.#queryId += 1;
    const id = this.#queryId;
    this.#context.cib({ operation: 'cib_query', options: cibOption.scopeLocal | cibOption.noChildren }, (reply) => {
      if (id !== this.#queryId) return;
      if (reply.rc < 0 || reply.data === undefined) {
        this.#context.log.error({ rc: reply.rc }, `join: the own CIB can't be read (${reply.rc})`);
        this.#context.fsa.raise('I_ERROR', `the own CIB can't be read (${reply.rc})`);
        return;
      }
      if (this.#context.dc === undefined) return;
      this.#context.request({
        task: 'join_request',
        to: 'dc',
        from: 'crmd',
        host: this.#context.dc,
        origin: 'join_query_callback',
        attributes: { join_id: attr(message, 'join_id'), crm_feature_set: this.#context.envelopes.featureSet },
        data: element('generation_tuple', reply.data.attributes),
      });
    });
  }

  /** CL_JOIN_RESULT: the DC's answer to our request. */
  result(message: Element): void {
    if (attr(message, 'crm_task') !== 'join_ack_nack') return;
    if (attr(message, 'join_ack_nack') !== 'true') {
      this.#context.flags.add('STAYDOWN');
      this.#context.log.error(
        { dc: attr(message, 'src') },
        `the DC ${attr(message, 'src')} does not let this node join`,
      );
      this.#context.fsa.raise('I_ERROR', 'the DC refuses this node');
      return;
    }
    if (this.#context.isLocal(attr(message, 'src')) && !this.#context.isDc) return;
    if (!this.learnDc(message)) return;
    const { localName, envelopes } = this.#context;
    this.#context.host.updateAttributes(localName, [{ name: '#feature-set', value: envelopes.featureSet }]);
    this.#context.request({
      task: 'join_confirm',
      to: 'dc',
      from: 'crmd',
      host: this.#context.dc,
      origin: 'do_cl_join_finalize_respond',
      attributes: { join_id: attr(message, 'join_id') },
      data: this.#snapshot(),
    });
    if (!this.#joinedBefore && !this.#context.flags.has('SHUTDOWN')) this.#honourStartState();
    this.#joinedBefore = true;
    if (!this.#context.isDc) this.#context.fsa.raise('I_NOT_DC', `joined the cluster of ${this.#context.dc}`);
  }

  /** PCMK_node_start_state: standby or online from the first join on. */
  #honourStartState(): void {
    const wanted = process.env['PCMK_node_start_state'];
    if (wanted === undefined || wanted === 'default' || wanted === '') return;
    if (wanted !== 'standby' && wanted !== 'online') {
      this.#context.log.warn(
        { value: wanted },
        `PCMK_node_start_state is '${wanted}'; it may be standby, online or default`,
      );
      return;
    }
    const { localUuid, localName } = this.#context;
    const pair = element('nvpair', {
      id: `nodes-${localUuid}-standby`,
      name: 'standby',
      value: wanted === 'standby' ? 'on' : 'off',
    });
    const attributes = element('instance_attributes', { id: `nodes-${localUuid}` }, [pair]);
    this.#context.cib({
      operation: 'cib_modify',
      section: 'nodes',
      data: element('node', { id: localUuid, uname: localName }, [attributes]),
      options: cibOption.canCreate | cibOption.quorumOverride,
    });
  }
}
