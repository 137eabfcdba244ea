import { cibOption } from '@sanode/cib';
import type { ActionRequest, TransitionHost } from '@sanode/transition';
import { attr } from '@sanode/xml';
import type { Parts } from './controller.ts';

/** What the transition engine gets of its controller (controller.md 8.2 to 8.7). */
export function transitionHost(parts: Parts): TransitionHost {
  const { context, scheduling } = parts;
  const { host } = context;
  return {
    log: host.log,
    monotonicMs: () => host.monotonicMs(),
    wallMs: () => host.wallMs(),
    randomUint32: () => host.randomUint32(),
    setTimer: (delayMs, handler) => host.setTimer(delayMs, (lateMs) => context.react(() => handler(lateMs))),
    get localNode() {
      return context.localName;
    },
    state: () => context.fsa.state,
    peerCount: () => context.activePeers().length,
    nodeName: (uuid) => context.peers().find((peer) => peer.uuid === uuid)?.name,
    runAction: (request) => host.effect(() => context.react(() => runAction(parts, request))),
    aborted: (abort) => scheduling.aborted(abort),
    graphDone: (outcome) => scheduling.graphDone(outcome),
    updateFailure: (update) => {
      const changes = [update.lastFailure, ...(update.failCount === undefined ? [] : [update.failCount])];
      host.updateAttributes(update.node, changes);
    },
    recordTimeout: (_action, data) =>
      context.cib({
        operation: 'cib_modify',
        section: 'status',
        data,
        options: cibOption.quorumOverride | cibOption.scopeLocal,
      }),
  };
}

function runAction(parts: Parts, request: ActionRequest): void {
  switch (request.type) {
    case 'rsc_op':
      orderOperation(parts, request);
      break;
    case 'crm_event':
      orderEvent(parts, request);
      break;
    case 'broadcast':
      for (const peer of parts.context.activePeers()) {
        if (peer.name === undefined || parts.context.isLocal(peer.name)) continue;
        const { task } = request.action;
        parts.context.request({
          task,
          to: 'crmd',
          from: 'tengine',
          host: peer.name,
          origin: 'execute_pseudo_action',
          data: request.data,
        });
      }
      break;
    case 'fence':
      fence(parts, request);
      break;
  }
}

function orderOperation(parts: Parts, request: Extract<ActionRequest, { type: 'rsc_op' }>): void {
  const { context, executor } = parts;
  const message = context.envelopes.request({
    task: 'lrm_invoke',
    to: 'lrmd',
    from: 'tengine',
    host: request.peer,
    origin: 'execute_rsc_action',
    data: request.data,
  });
  context.log.info(
    {
      transition: request.transitionKey,
      node: request.peer,
      task: request.action.operationKey,
      ms: context.host.monotonicMs(),
    },
    `${request.action.operationKey} on ${request.peer}`,
  );
  if (context.isLocal(request.peer)) executor.invoke(message);
  else context.host.send(request.peer, message);
}

function orderEvent(parts: Parts, request: Extract<ActionRequest, { type: 'crm_event' }>): void {
  const { context, routing } = parts;
  const { task } = request.action;
  const isCib = task === 'lrm_delete' && attr(request.data, 'mode') === 'cib';
  const host = isCib ? context.localName : request.peer;
  if (task === 'do_shutdown') {
    const peer = context.cluster?.peerByName(request.peer);
    if (peer !== undefined) context.info(peer).expected = 'down';
  }
  const message = context.envelopes.request({
    task,
    to: 'crmd',
    from: 'tengine',
    host,
    origin: 'execute_cluster_action',
    attributes: { 'transition-key': request.transitionKey },
    data: request.data,
  });
  context.log.info({ transition: request.transitionKey, node: host, task }, `${task} on ${host}`);
  if (context.isLocal(host)) routing.route(message, false);
  else context.host.send(host, message);
}

const NO_FENCE_DEVICE = 10;

function fence(parts: Parts, request: Extract<ActionRequest, { type: 'fence' }>): void {
  const { context, takeover, membership } = parts;
  const { target } = request;
  context.log.warn(
    { node: target, action: request.fencingAction, ms: context.host.monotonicMs() },
    `fencing (${request.fencingAction}) of ${target}`,
  );
  context.host.fence(request, (reply) =>
    context.react(() => {
      if (reply.succeeded) {
        membership.fencingFailures.delete(target);
        if (request.fencingAction !== 'on') takeover.recordFencing(target);
        context.engine.fencingResult(request.transitionKey, { succeeded: true, giveUp: false });
        return;
      }
      const failures = (membership.fencingFailures.get(target) ?? 0) + 1;
      membership.fencingFailures.set(target, failures);
      const giveUp = reply.status === NO_FENCE_DEVICE || failures >= context.options.maxFencingAttempts;
      context.log.error(
        { node: target, failures, status: reply.status },
        `fencing of ${target} failed (${failures} times): ${reply.reason}${giveUp ? '; it is not tried again before something changes' : ''}`,
      );
      context.engine.fencingResult(request.transitionKey, { succeeded: false, giveUp });
    }),
  );
}
