import type { CibManager } from '@sanode/cib/daemon';
import { type IpcServer, type IpcServerClient, listenXmlIpc, sendXmlEvent } from '@sanode/ipc';
import { clusterGroup, clusterUser, type Logger, paths, type Reactor } from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import { accountName, groupId } from './accounts.ts';

/** Connected clients and the answers they wait for, between the core's names and the sockets. */
export class Connections {
  readonly #byId = new Map<string, IpcServerClient>();
  readonly #answers = new Map<number, (answer: Element) => void>();
  #nextToken = 1;

  add(id: string, client: IpcServerClient): void {
    this.#byId.set(id, client);
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  token(respond: (answer: Element) => void): number {
    const token = this.#nextToken++;
    this.#answers.set(token, respond);
    return token;
  }

  respond(token: number, answer: Element): void {
    const respond = this.#answers.get(token);
    this.#answers.delete(token);
    respond?.(answer);
  }

  forget(tokens: Iterable<number>): void {
    for (const token of tokens) this.#answers.delete(token);
  }

  event(id: string, message: Element): void {
    const client = this.#byId.get(id);
    if (client !== undefined) sendXmlEvent(client, message);
  }

  close(id: string): void {
    this.#byId.get(id)?.close();
  }
}

/** Listens on one of the daemon's sockets. */
export function listen(
  name: 'cib_ro' | 'cib_rw',
  writable: boolean,
  core: CibManager,
  reactor: Reactor,
  connections: Connections,
  log: Logger,
): Promise<IpcServer> {
  const ids = new Map<IpcServerClient, string>();
  const open = new Map<IpcServerClient, Set<number>>();
  const deliver = (client: IpcServerClient, message: Element, respond?: (answer: Element) => void): void => {
    const id = ids.get(client);
    if (id === undefined) return;
    let token: number | undefined;
    if (respond !== undefined) {
      const tokens = open.get(client);
      const made = connections.token((answer) => {
        tokens?.delete(made);
        respond(answer);
      });
      tokens?.add(made);
      token = made;
    }
    reactor.enter(() => core.clientMessage(id, message, token));
  };
  return listenXmlIpc(
    { path: paths.socket(name), mode: writable ? 0o660 : 0o666, gid: groupId(clusterGroup) },
    {
      connect(client) {
        const user = accountName(client.credentials.uid);
        const privileged = client.credentials.uid === 0 || user === clusterUser;
        const { pid } = client.credentials;
        reactor.enter(() => {
          const id = core.clientConnected({ user, pid, privileged, writable });
          ids.set(client, id);
          open.set(client, new Set());
          connections.add(id, client);
        });
        return undefined;
      },
      request: (client, message, respond) => deliver(client, message, respond),
      message: (client, message) => deliver(client, message),
      disconnect(client, reason) {
        const id = ids.get(client);
        if (id === undefined) return;
        ids.delete(client);
        connections.remove(id);
        connections.forget(open.get(client) ?? []);
        open.delete(client);
        log.debug({ client: id, reason }, 'a client is gone');
        reactor.enter(() => core.clientGone(id));
      },
    },
  );
}
