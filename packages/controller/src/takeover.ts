import { cibOption } from '@sanode/cib';
import { element } from '@sanode/xml';
import type { Context } from './context.ts';
import type { Membership } from './membership.ts';
import { writeNodeStates } from './node-state.ts';
import type { Scheduling } from './scheduling.ts';

/** Taking over and giving up the DC's role (controller.md 5.6). */
export class Takeover {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #scheduling: Scheduling;
  readonly #readOptions: () => void;
  readonly #dcVersion: string;

  /** @param deps.dcVersion property dc-version: release and build */
  constructor(deps: {
    context: Context;
    membership: Membership;
    scheduling: Scheduling;
    readOptions: () => void;
    dcVersion: string;
  }) {
    this.#context = deps.context;
    this.#membership = deps.membership;
    this.#scheduling = deps.scheduling;
    this.#readOptions = deps.readOptions;
    this.#dcVersion = deps.dcVersion;
  }

  /** DC_TAKEOVER. */
  takeOver(): void {
    const context = this.#context;
    context.log.info(
      { event: 'election-won', ms: context.host.monotonicMs() },
      `this node (${context.localName}) takes over as DC`,
    );
    context.flags.add('THE_DC');
    context.election.reset();
    this.#recordFencings();
    context.cib({ operation: 'cib_master', options: cibOption.scopeLocal });
    context.cib(
      {
        operation: 'cib_modify',
        section: 'cib',
        data: element('cib', { crm_feature_set: context.envelopes.featureSet }),
        options: cibOption.quorumOverride,
      },
      (reply) => {
        if (reply.rc < 0) context.fsa.raise('I_ERROR', `the feature set can't be written to the CIB (${reply.rc})`);
      },
    );
    this.#writeProperty('have-watchdog', String(context.host.watchdogRuns()));
    this.#writeProperty('dc-version', this.#dcVersion);
    this.#writeProperty('cluster-infrastructure', 'corosync');
    if (context.options.clusterName === undefined) {
      context.host.clusterName((name) =>
        context.react(() => {
          if (name !== undefined && context.isDc) this.#writeProperty('cluster-name', name);
        }),
      );
    }
    this.#membership.forgetWritten();
    this.#readOptions();
  }

  #writeProperty(name: string, value: string): void {
    const id = 'cib-bootstrap-options';
    const pair = element('nvpair', { id: `${id}-${name}`, name, value });
    const set = element('cluster_property_set', { id }, [pair]);
    this.#context.cib({
      operation: 'cib_modify',
      section: 'crm_config',
      data: element('crm_config', {}, [set]),
      options: cibOption.quorumOverride,
    });
  }

  /** Nodes that were fenced while there was no DC: what nobody wrote is written now. */
  #recordFencings(): void {
    for (const name of this.#membership.fencingCleanUp) this.recordFencing(name);
    this.#membership.fencingCleanUp.clear();
  }

  /** The stonith update (8.7): the node is down, its resources and attributes there are gone. */
  recordFencing(name: string): void {
    const context = this.#context;
    const peer = context.cluster?.peerByName(name);
    if (peer === undefined) {
      context.log.warn({ node: name }, `the fencing of ${name} can't be recorded: no such node is known`);
      return;
    }
    const info = context.info(peer);
    info.phase = 0;
    info.expected = 'down';
    const options = cibOption.quorumOverride | cibOption.scopeLocal | cibOption.canCreate;
    const unknown = peer.state === undefined;
    const state = element('node_state', {
      id: peer.uuid,
      uname: name,
      in_ccm: unknown ? 'false' : undefined,
      join: 'down',
      expected: 'down',
      'crm-debug-origin': 'send_stonith_update',
    });
    context.cib({ operation: 'cib_modify', section: 'status', data: state, options });
    const deleteOptions = cibOption.quorumOverride | cibOption.scopeLocal | cibOption.xpath | cibOption.multiple;
    context.cib(
      { operation: 'cib_delete', section: `//node_state[@uname='${name}']/*`, options: deleteOptions },
      () => {},
    );
  }

  /** DC_RELEASE. */
  release(): void {
    if (this.#context.isDc) this.#context.log.info({}, 'this node is no longer DC');
    this.#context.flags.delete('THE_DC');
    this.#scheduling.forget();
    this.#membership.forgetWritten();
  }

  /** DC_RELEASED. */
  released(): void {
    const context = this.#context;
    if (context.flags.has('SHUTDOWN')) {
      const local = context.cluster?.peerByName(context.localName);
      if (local !== undefined) {
        context.info(local).expected = 'down';
        writeNodeStates(context, { expected: true }, 'do_dc_release', [local]);
      }
    }
    context.fsa.raise('I_RELEASE_SUCCESS', 'the role of DC was given up');
  }
}
