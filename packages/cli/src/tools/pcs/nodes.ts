import type { PcsContext } from './context.ts';
import { clusterName, confNodes, readCorosyncConf } from './corosync-conf.ts';
import { fail, quoteList } from './errors.ts';
import { type Form, type HostAnswer, type KnownHost, UnreachableError } from './http.ts';
import { type KnownHosts, readKnownHosts } from './known-hosts.ts';

/** How a request to one node ended: its answer, or why there is none. */
export type NodeResult = { readonly node: string; readonly body: string; readonly error?: undefined } | NodeFailure;
export interface NodeFailure {
  readonly node: string;
  readonly error: string;
  /** The pcsd of the node could not be reached at all. */
  readonly unreachable: boolean;
}

/** Names of the local cluster's nodes. @throws {PcsError} when this node is in no cluster */
export async function clusterNodeNames(context: PcsContext): Promise<string[]> {
  return confNodes(await readCorosyncConf(context.deps.files.corosyncConf)).map((node) => node.name);
}

/** Whether this node has a cluster's configuration, and what it is called. */
export async function localClusterName(context: PcsContext): Promise<string | undefined> {
  try {
    return clusterName(await readCorosyncConf(context.deps.files.corosyncConf));
  } catch {
    return undefined;
  }
}

export function knownHosts(context: PcsContext): Promise<KnownHosts> {
  return readKnownHosts(context.deps.files.knownHosts);
}

/**
 * The known hosts of these names.
 * @throws {PcsError} naming those that are unknown, and the command that makes them known
 */
export async function requireHosts(context: PcsContext, names: readonly string[]): Promise<Map<string, KnownHost>> {
  const known = await knownHosts(context);
  const unknown = names.filter((name) => !known.hosts.has(name));
  if (unknown.length > 0) fail(unknownHosts(unknown));
  return new Map(names.map((name) => [name, known.hosts.get(name) as KnownHost]));
}

export function unknownHosts(names: readonly string[]): string {
  const sorted = [...names].sort();
  const what = sorted.length === 1 ? `Host ${quoteList(sorted)} is` : `Hosts ${quoteList(sorted)} are`;
  const object = sorted.length === 1 ? 'host' : 'hosts';
  return `${what} not known to pcs, try to authenticate the ${object} using 'pcs host auth ${sorted.join(' ')}' command`;
}

/** Sends a request to every host at once; `arrived` is called as each ends. Never throws for a node's failure. */
export async function callAll(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  path: string,
  form?: Form | ((node: string) => Form),
  arrived: (result: NodeResult) => void = () => {},
): Promise<NodeResult[]> {
  return Promise.all(
    [...hosts].map(async ([node, host]) => {
      const result = await callOne(context, node, host, path, typeof form === 'function' ? form(node) : form);
      arrived(result);
      return result;
    }),
  );
}

/** One request to one node. */
export async function callOne(
  context: PcsContext,
  node: string,
  host: KnownHost,
  path: string,
  form?: Form,
): Promise<NodeResult> {
  let answer: HostAnswer;
  try {
    answer = await context.deps.hosts.call(host, `/remote/${path}`, form);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { node, error: `Unable to connect to ${node} (${error.message})`, unreachable: true };
  }
  if (answer.status === 200) return { node, body: answer.body };
  return { node, error: explain(node, answer), unreachable: false };
}

function explain(node: string, answer: HostAnswer): string {
  switch (answer.status) {
    case 401:
      return `Unable to authenticate to ${node} - (HTTP error: 401), try running 'pcs host auth ${node}'`;
    case 403:
      return `${node}: Permission denied - (HTTP error: 403)`;
    case 404:
      return `${node}: unsupported command - (HTTP error: 404), try upgrading pcsd`;
    case 400:
      return `${node}: ${answer.body.trim()}`;
    default:
      return `Error connecting to ${node} - (HTTP error: ${answer.status})`;
  }
}

/** Parses a node's JSON answer. @throws {PcsError} when it is none */
export function jsonOf(result: { node: string; body: string }): unknown {
  try {
    return JSON.parse(result.body);
  } catch {
    return fail(`${result.node}: Invalid format of response`);
  }
}
