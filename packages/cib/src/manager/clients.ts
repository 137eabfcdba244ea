import { attr, type Element, withAttributes } from '@sanode/xml';
import type { CibClientIdentity, CibHost } from './host.ts';

interface Client {
  readonly identity: CibClientIdentity;
  name: string | undefined;
  readonly subscriptions: Set<string>;
  /** Tokens of synchronous requests that wait for their reply, by call id. */
  readonly waiting: Map<string, number>;
}

/** Synchronous requests a client may have open at the same time. */
const maxWaiting = 1000;

/** The local clients: who they are, what they asked to hear of, and which answers they wait for. */
export class ClientTable {
  readonly #host: CibHost;
  readonly #clients = new Map<string, Client>();

  constructor(host: CibHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#clients.size;
  }

  ids(): string[] {
    return [...this.#clients.keys()];
  }

  add(identity: CibClientIdentity): string {
    const id = this.#host.randomUuid();
    this.#clients.set(id, { identity, name: undefined, subscriptions: new Set(), waiting: new Map() });
    return id;
  }

  remove(id: string): void {
    this.#clients.delete(id);
  }

  isWritable(id: string): boolean {
    return this.#clients.get(id)?.identity.writable === true;
  }

  register(id: string, name: string | undefined): void {
    const client = this.#clients.get(id);
    if (client !== undefined && client.name === undefined) client.name = name;
  }

  subscribe(id: string, type: string, active: boolean): void {
    const subscriptions = this.#clients.get(id)?.subscriptions;
    if (subscriptions === undefined) return;
    if (!active) subscriptions.delete(type);
    else if (subscriptions.size < 16) subscriptions.add(type);
  }

  /** A client's request with the fields that the server vouches for (cib.md 3.1, 9.3). */
  complete(id: string, message: Element, nodeName: string): Element {
    const client = this.#clients.get(id);
    const user = client?.identity;
    const requested = attr(message, 'acl_target') ?? attr(message, 'cib_user');
    const effective = user?.privileged === true ? (requested ?? user.user) : user?.user;
    return withAttributes(message, {
      cib_clientid: id,
      cib_clientname: client?.name ?? String(user?.pid ?? ''),
      acl_target: effective,
      cib_user: effective,
      src: nodeName,
      cib_update: null,
      cib_isreplyto: null,
      cib_delegated_from: null,
    });
  }

  expectReply(id: string, request: Element, token: number): void {
    const client = this.#clients.get(id);
    const callId = attr(request, 'cib_callid') ?? '';
    if (client === undefined) return;
    if (client.waiting.has(callId) || client.waiting.size >= maxWaiting) {
      this.#host.log.warn({ client: id, callId }, 'a client repeats a call number or has too many calls open; cut off');
      this.#host.disconnectClient(id);
      return;
    }
    client.waiting.set(callId, token);
  }

  /** Delivers a reply, as the answer where one is waited for, else as an event. */
  reply(id: string, message: Element): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    const callId = attr(message, 'cib_callid') ?? '';
    const token = client.waiting.get(callId);
    if (token === undefined) {
      if ((Number.parseInt(attr(message, 'cib_callopt') ?? '0', 10) & 0x10) === 0) this.#host.event(id, message);
      return;
    }
    client.waiting.delete(callId);
    this.#host.respond(id, token, message);
  }

  notify(type: string, message: Element): void {
    for (const [id, client] of this.#clients) if (client.subscriptions.has(type)) this.#host.event(id, message);
  }
}
