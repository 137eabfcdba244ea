import { compareDottedVersions, type Release, type Timer } from '@sanode/runtime';
import { attr, DigestCache, digestV2, type Element, element, firstChild, withAttributes } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { cibVersion, formatCibVersion } from '../document/version.ts';
import { modifyingOperations } from '../operations/index.ts';
import { cibResult, cibResultText } from '../results.ts';
import { upgradeCib } from '../upgrade/index.ts';
import { ClientTable } from './clients.ts';
import type { CibClientIdentity, CibHost } from './host.ts';
import { diffNotification, fullCopy, performInputOf, replyTo, requestOptions } from './messages.ts';
import { type PerformResult, performRequest } from './perform.ts';

const pingDelayMs = 5_000;
const leaveTimeoutMs = 10_000;

const privilegedOperations: ReadonlySet<string> = new Set([
  ...modifyingOperations,
  'cib_sync',
  'cib_sync_one',
  'cib_master',
  'cib_slave',
  'cib_slave_all',
  'cib_ismaster',
  'cib_shutdown_req',
]);
const knownOperations: ReadonlySet<string> = new Set([
  ...privilegedOperations,
  'cib_query',
  'noop',
  'ping',
  'cib_schemas',
]);

/** Settings of {@link CibManager}. */
export interface CibManagerSettings {
  readonly nodeName: string;
  readonly release: Release;
  /** Document to begin with. */
  readonly cib: Element;
  /** Whether there is a cluster; else everything is done locally. */
  readonly clustered: boolean;
  /** What is wrong with the document on disk; every request is then answered with it (cib.md 6.6). */
  readonly unusableRc?: number;
}

/**
 * The CIB of one node, replicated (cib.md 3-8): changes go to all nodes in one order and are carried out by each when
 * they come back. A pure core: everything it does to the world goes through its host.
 */
export class CibManager {
  readonly #host: CibHost;
  readonly #settings: CibManagerSettings;
  readonly #clients: ClientTable;
  readonly #digests: DigestCache;
  #cib: Element;
  #primary = false;
  #pingTimer: Timer | undefined;
  #pingSequence = 0;
  #changedSincePing = true;
  #persistSequence = 0;
  #persistedSequence = 0;
  #awaitingDisk: { sequence: number; send: (ok: boolean) => void }[] = [];
  #leaving: 'no' | 'clients' | 'announced' | 'done' = 'no';

  constructor(host: CibHost, settings: CibManagerSettings) {
    this.#host = host;
    this.#settings = settings;
    this.#cib = settings.cib;
    this.#clients = new ClientTable(host);
    this.#digests = new DigestCache(settings.release.name);
  }

  /** The document in force. */
  get cib(): Element {
    return this.#cib;
  }

  get primary(): boolean {
    return this.#primary;
  }

  /** A client connected. @returns its identifier */
  clientConnected(identity: CibClientIdentity): string {
    return this.#clients.add(identity);
  }

  clientGone(client: string): void {
    this.#clients.remove(client);
    this.#leaveIfAlone();
  }

  /** A message over IPC. @param token names the request to answer; undefined when it wants no answer */
  clientMessage(client: string, message: Element, token: number | undefined): void {
    const operation = attr(message, 'cib_op') ?? '';
    if (this.#leaving !== 'no') {
      this.#acknowledge(client, token, -cibErrno.shutdown);
      return;
    }
    if (operation === 'register') {
      this.#clients.register(client, attr(message, 'cib_clientname'));
      if (token !== undefined) {
        const id = { cib_op: 'register', cib_clientid: client };
        this.#host.respond(client, token, element('cib_common_callback_worker', id));
      }
    } else if (operation === 'cib_notify') {
      const active = attr(message, 'cib_notify_activate') === '1';
      this.#clients.subscribe(client, attr(message, 'cib_notify_type') ?? '', active);
      this.#acknowledge(client, token, 0);
    } else this.#clientRequest(client, message, token, operation);
  }

  #acknowledge(client: string, token: number | undefined, status: number): void {
    if (token !== undefined) this.#host.respond(client, token, element('ack', { status }));
  }

  #clientRequest(client: string, message: Element, token: number | undefined, operation: string): void {
    const request = this.#clients.complete(client, message, this.#settings.nodeName);
    if (!knownOperations.has(operation)) {
      this.#host.log.warn({ client, operation }, 'a client asks for an unknown operation; dropped');
      this.#acknowledge(client, token, cibResult.notSupported);
      return;
    }
    const sync = (requestOptions(message) & cibOption.syncCall) !== 0;
    if (sync && token !== undefined) this.#clients.expectReply(client, request, token);
    else this.#acknowledge(client, token, 0);
    if (privilegedOperations.has(operation) && !this.#clients.isWritable(client)) {
      this.#replyToClient(request, cibResult.accessDenied, undefined);
      return;
    }
    if (this.#settings.unusableRc !== undefined) {
      this.#replyToClient(request, this.#settings.unusableRc, this.#cib);
      return;
    }
    this.#route(request, operation);
  }

  /** cib.md 3.5 */
  #route(request: Element, operation: string): void {
    const { nodeName, clustered } = this.#settings;
    const target = attr(request, 'cib_host');
    const forwarded = withAttributes(request, { cib_delegated_from: nodeName });
    const elsewhere = target !== undefined && target !== nodeName;
    if (clustered && (modifyingOperations.has(operation) || elsewhere)) {
      if (target === undefined) this.#host.multicast(forwarded);
      // Nobody would ever answer, and the requester would wait out its time.
      else if (elsewhere && !this.#host.knows(target)) this.#replyToClient(request, cibResult.notConnected, undefined);
      else this.#host.sendTo(target, forwarded);
      return;
    }
    if (elsewhere) this.#replyToClient(request, cibResult.notConnected, undefined);
    else if (modifyingOperations.has(operation)) this.#apply(forwarded);
    else {
      const result = this.#local(request, operation);
      this.#replyToClient(request, result.rc, result.output);
    }
  }

  /** Operations that do not change the document, carried out by the node they are for. */
  #local(request: Element, operation: string): { rc: number; output?: Element | undefined } {
    switch (operation) {
      case 'cib_master':
        this.#setPrimary(true);
        return { rc: 0 };
      case 'cib_slave':
      case 'cib_slave_all':
        this.#setPrimary(false);
        return { rc: 0 };
      case 'cib_ismaster':
        return { rc: this.#primary ? 0 : cibResult.notPermitted };
      case 'cib_sync':
        this.#sendCopy(request, undefined);
        return { rc: 0 };
      case 'cib_sync_one':
        this.#sendCopy(request, attr(request, 'src') ?? this.#settings.nodeName);
        return { rc: 0 };
      case 'ping':
        return { rc: 0, output: this.#pingResponse(attr(request, 'cib_ping_id')) };
      case 'cib_query':
      case 'noop': {
        const result = performRequest(this.#cib, performInputOf(request), this.#performSettings());
        return { rc: result.rc, output: result.output };
      }
      default:
        return { rc: cibResult.notSupported };
    }
  }

  #performSettings() {
    const { release } = this.#settings;
    return { featureSet: release.featureSet, release, nowMs: this.#host.wallMs() };
  }

  #setPrimary(primary: boolean): void {
    if (primary !== this.#primary) {
      this.#host.log.info({ primary }, primary ? 'this node is the primary now' : 'this node is not the primary');
    }
    this.#primary = primary;
    if (primary) this.#restartPing();
    else this.#pingTimer?.cancel();
  }

  /** A message of a peer, or of ours that came back (cib.md 3.6). `src` on it names its sender. */
  peerMessage(message: Element): void {
    const operation = attr(message, 'cib_op') ?? '';
    const me = this.#settings.nodeName;
    const isReplyToUs = attr(message, 'cib_isreplyto') === me;
    if (!knownOperations.has(operation)) {
      this.#host.log.warn({ operation, from: attr(message, 'src') }, 'a peer asks for an unknown operation; dropped');
      return;
    }
    if (operation === 'cib_replace') {
      const requester = attr(message, 'cib_isreplyto');
      this.#apply(requester === undefined ? message : withAttributes(message, { cib_delegated_from: requester }));
    } else if (operation === 'ping' && isReplyToUs) this.#pingReply(message);
    else if (operation === 'cib_upgrade') this.#peerUpgrade(message);
    else if (attr(message, 'cib_update') === 'true') {
      this.#host.log.warn({ operation, from: attr(message, 'src') }, 'a request of the legacy mode is ignored');
    } else if (modifyingOperations.has(operation)) {
      if (!isReplyToUs) this.#apply(message);
    } else if (operation === 'cib_shutdown_req') this.#peerLeaves(message);
    else if (isReplyToUs) this.#deliverReply(message);
    else this.#serve(message, operation);
  }

  /** A peer's request that changes nothing: answered when it is for us, or a ping for all. */
  #serve(message: Element, operation: string): void {
    const target = attr(message, 'cib_host');
    const me = this.#settings.nodeName;
    const sender = attr(message, 'src');
    if (target !== undefined && target !== me) return;
    if (sender === undefined) return;
    if (operation === 'cib_sync_one' && target === undefined) {
      if (this.#primary) this.#sendCopy(message, sender);
      return;
    }
    if (target === undefined && operation !== 'ping') return;
    const result = this.#local(message, operation);
    this.#host.sendTo(sender, replyTo(message, result.rc, result.output, sender));
  }

  #deliverReply(message: Element): void {
    const client = attr(message, 'cib_clientid');
    if (client !== undefined) this.#clients.reply(client, withAttributes(message, { cib_isreplyto: null }));
  }

  /** Carries out a change that is in order now. */
  #apply(request: Element): void {
    const me = this.#settings.nodeName;
    const target = attr(request, 'cib_host');
    if (target !== undefined && target !== me) return;
    const ours = attr(request, 'cib_delegated_from') === me;
    if (this.#settings.unusableRc !== undefined) {
      if (ours) this.#replyToClient(request, this.#settings.unusableRc, this.#cib);
      return;
    }
    const result = performRequest(this.#cib, performInputOf(request), this.#performSettings());
    this.#logOutcome(request, result);
    for (const text of result.upgradeMessages ?? []) this.#logUpgrade(text);
    this.#changedSincePing = true;
    if (result.changed) {
      this.#cib = result.cib;
      if (result.mustPersist) this.#persist();
    }
    this.#notify(request, result);
    if (ours) this.#replyWhenStored(request, result);
    this.#restartPing();
  }

  #logOutcome(request: Element, result: PerformResult): void {
    const fields = {
      operation: attr(request, 'cib_op'),
      section: attr(request, 'cib_section'),
      origin: `${attr(request, 'src')}/${attr(request, 'cib_clientname')}/${attr(request, 'cib_callid')}`,
      version: formatCibVersion(cibVersion(result.cib)),
      rc: result.rc,
      ...(result.problems === undefined ? {} : { problems: result.problems }),
    };
    if (result.rc === 0) this.#host.log.debug(fields, result.changed ? 'CIB changed' : 'CIB not changed');
    else this.#host.log.warn(fields, `CIB request refused: ${cibResultText(result.rc)}`);
  }

  #logUpgrade(text: string): void {
    const [, level, rest] = /^(WARNING|INFO|DEBUG): (.*)$/s.exec(text) ?? [undefined, 'WARNING', text];
    const sentence = `CIB upgrade: ${rest}`;
    if (level === 'DEBUG') this.#host.log.debug({}, sentence);
    else if (level === 'INFO') this.#host.log.info({}, sentence);
    else this.#host.log.warn({}, sentence);
  }

  #persist(): void {
    this.#persistSequence += 1;
    this.#host.persist(this.#cib, this.#persistSequence);
  }

  /** A document and all before it were written, or could not be. */
  persisted(sequence: number, ok: boolean): void {
    this.#persistedSequence = Math.max(this.#persistedSequence, sequence);
    const ready = this.#awaitingDisk.filter((entry) => entry.sequence <= sequence);
    this.#awaitingDisk = this.#awaitingDisk.filter((entry) => entry.sequence > sequence);
    for (const entry of ready) entry.send(ok);
  }

  /** A change of the configuration is acknowledged when it is on this node's disk. */
  #replyWhenStored(request: Element, result: PerformResult): void {
    if (!result.changed || !result.mustPersist) {
      this.#replyToClient(request, result.rc, result.output);
      return;
    }
    const send = (ok: boolean): void => {
      this.#replyToClient(request, ok ? result.rc : cibResult.notSaved, result.output);
    };
    this.#awaitingDisk.push({ sequence: this.#persistSequence, send });
  }

  #replyToClient(request: Element, rc: number, output: Element | undefined): void {
    const client = attr(request, 'cib_clientid');
    if (client !== undefined) this.#clients.reply(client, replyTo(request, rc, output));
  }

  #notify(request: Element, result: PerformResult): void {
    if (result.diff === undefined || (requestOptions(request) & (cibOption.inhibitNotify | cibOption.dryRun)) !== 0) {
      return;
    }
    const newer = this.#settings.release.name === '3.0';
    const notification = diffNotification(request, result.rc, result.cib, result.diff, newer);
    this.#clients.notify('cib_diff_notify', notification);
  }

  #sendCopy(request: Element, to: string | undefined): void {
    const requester = attr(request, 'src') ?? this.#settings.nodeName;
    const copy = fullCopy(request, requester, this.#cib, {
      featureSet: this.#settings.release.featureSet,
      digest: this.#digests.digestV2(this.#cib),
    });
    if (!this.#settings.clustered) return;
    if (to === undefined) this.#host.multicast(copy);
    else this.#host.sendTo(to, copy);
  }

  #restartPing(): void {
    this.#pingTimer?.cancel();
    if (!this.#primary || !this.#settings.clustered || this.#leaving !== 'no') return;
    this.#pingTimer = this.#host.setTimer(pingDelayMs, () => {
      this.#pingSequence += 1;
      this.#changedSincePing = false;
      this.#host.multicast(
        element('ping', {
          t: 'cib',
          cib_op: 'ping',
          cib_ping_id: this.#pingSequence,
          crm_feature_set: this.#settings.release.featureSet,
        }),
      );
    });
  }

  #pingResponse(sequence: string | undefined): Element {
    return element(
      'ping_response',
      {
        crm_feature_set: this.#settings.release.featureSet,
        digest: this.#digests.digestV2(this.#cib),
        cib_ping_id: sequence,
      },
      [element('cib_calldata', {}, [{ ...this.#cib, children: [] }])],
    );
  }

  /** A peer tells its digest: repaired when it differs, unless something changed since we asked (cib.md 6.2). */
  #pingReply(message: Element): void {
    const data = firstChild(message, 'cib_calldata');
    const pong = data && firstChild(data, 'ping_response');
    const sender = attr(message, 'src');
    if (pong === undefined || sender === undefined || !this.#primary || this.#changedSincePing) return;
    if (attr(pong, 'cib_ping_id') !== String(this.#pingSequence)) return;
    const newer = compareDottedVersions(attr(pong, 'crm_feature_set') ?? '0', '3.20.0') >= 0;
    if (attr(pong, 'digest') === digestV2(this.#cib, newer ? '3.0' : '2.1')) return;
    this.#host.log.warn({ peer: sender }, `the CIB of ${sender} differs from ours; it gets a full copy`);
    this.#sendCopy(withAttributes(message, { cib_isreplyto: null, cib_rc: null }), sender);
  }

  /** Upgrades (cib.md 3.10): the primary decides how far everybody goes, or tells the origin why not. */
  #peerUpgrade(message: Element): void {
    const me = this.#settings.nodeName;
    const refusal = attr(message, 'cib_upgrade_rc');
    if (refusal !== undefined) {
      if (attr(message, 'cib_isreplyto') === me) {
        this.#deliverReply(withAttributes(message, { cib_rc: refusal, cib_upgrade_rc: null }));
      }
      return;
    }
    if (attr(message, 'cib_schema_max') !== undefined) {
      this.#apply(message);
      return;
    }
    const origin = attr(message, 'cib_delegated_from') ?? attr(message, 'src');
    if (origin === undefined || !(this.#primary || !this.#settings.clustered)) return;
    const answer = element('cib_process_upgrade_server', {
      t: 'cib',
      cib_op: 'cib_upgrade',
      cib_delegated_from: origin,
      cib_clientid: attr(message, 'cib_clientid'),
      cib_callopt: attr(message, 'cib_callopt'),
      cib_callid: attr(message, 'cib_callid'),
    });
    const { rc, cib, schema } = upgradeCib(this.#cib, { release: this.#settings.release });
    if (rc === 0 && cib !== this.#cib) {
      this.#host.multicast(withAttributes(answer, { cib_schema_max: schema }));
      return;
    }
    const refused = { cib_isreplyto: origin, cib_upgrade_rc: rc === 0 ? cibResult.schemaUnchanged : rc };
    this.#host.sendTo(origin, withAttributes(answer, refused));
  }

  /** Corosync or the supervisor wants us gone in order (cib.md 6.4). */
  shutdown(): void {
    if (this.#leaving !== 'no') return;
    this.#leaving = 'clients';
    this.#pingTimer?.cancel();
    for (const client of this.#clients.ids()) this.#host.disconnectClient(client);
    this.#leaveIfAlone();
  }

  #leaveIfAlone(): void {
    if (this.#leaving !== 'clients' || this.#clients.size > 0) return;
    if (!this.#settings.clustered || this.#host.activePeerCount() === 0) {
      this.#finish(0);
      return;
    }
    this.#leaving = 'announced';
    this.#host.multicast(element('exit-notification', { t: 'cib', cib_op: 'cib_shutdown_req' }));
    this.#host.setTimer(leaveTimeoutMs, () => {
      if (this.#leaving === 'announced') this.#finish(1);
    });
  }

  #peerLeaves(message: Element): void {
    const sender = attr(message, 'src');
    if (attr(message, 'cib_isreplyto') === this.#settings.nodeName) {
      if (this.#leaving === 'announced') this.#finish(0);
      return;
    }
    if (attr(message, 'cib_isreplyto') === undefined && sender !== undefined) {
      this.#host.sendTo(sender, replyTo(message, 0, undefined, sender));
    }
  }

  #finish(code: number): void {
    this.#leaving = 'done';
    this.#host.exit(code);
  }
}

const cibErrno = { shutdown: 108 } as const;
