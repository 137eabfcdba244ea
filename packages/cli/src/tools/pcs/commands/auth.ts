import type { PcsContext } from '../context.ts';
import { fail, PcsError, usage } from '../errors.ts';
import { defaultPcsdPort, type HostAddress, type KnownHost, UnreachableError } from '../http.ts';
import { changeKnownHosts, isRecord, writeKnownHosts } from '../known-hosts.ts';
import { callAll, clusterNodeNames, knownHosts } from '../nodes.ts';

/** Who logs in at a pcsd. */
interface Login {
  readonly username: string;
  readonly password: string;
}

const tokenPattern = /^[0-9A-Za-z-]{16,128}$/;

/** `pcs host auth (node [addr=HOST[:PORT]])… [-u][-p]` (cli-pcs.md 5.1). */
export async function hostAuth(context: PcsContext, words: readonly string[]): Promise<void> {
  const hosts = parseHosts(words);
  if (hosts.size === 0) usage();
  await authorize(context, hosts, (line) => context.say(line));
}

/** `pcs cluster auth [node[:port]]… [-u][-p][--force]` in the old syntax; without nodes, those of the local cluster. */
export async function clusterAuth(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 0) {
    const hosts = new Map(words.map((word) => [nodeAndPort(word).addr, [nodeAndPort(word)]] as const));
    if (!context.has('u') && !context.has('p') && !context.force && (await allKnow(context, [...hosts.keys()]))) {
      for (const name of hosts.keys()) context.print(`${name}: Already authorized`);
      return;
    }
    // The old syntax lets every node know all others; here the token is handed to all when the cluster is set up.
    return authorize(context, hosts, (line) => context.print(line));
  }
  const names = await clusterNodeNames(context);
  const known = await knownHosts(context);
  const authorized = await authorizedAt(context, names);
  const rest = names.filter((name) => !authorized.has(name));
  for (const name of names) if (authorized.has(name)) context.say(`${name}: Already authorized`);
  if (rest.length > 0) {
    const hosts = new Map(rest.map((name) => [name, known.hosts.get(name)?.dest_list ?? [nodeAndPort(name)]] as const));
    await authorize(context, hosts, (line) => context.say(line));
  } else {
    await shareKnownHosts(context);
  }
  context.say('Sending cluster config files to the nodes...');
}

function parseHosts(words: readonly string[]): Map<string, readonly HostAddress[]> {
  const hosts = new Map<string, HostAddress[]>();
  let current: string | undefined;
  for (const word of words) {
    if (word.startsWith('addr=')) {
      if (current === undefined) usage();
      hosts.get(current as string)?.push(parseAddress(word.slice('addr='.length)));
    } else if (word.includes('=')) {
      fail(`invalid host option '${word.slice(0, word.indexOf('='))}', allowed option is 'addr'`);
    } else {
      current = word;
      if (hosts.has(word)) fail(`host '${word}' is specified more than once`);
      hosts.set(word, []);
    }
  }
  return new Map(
    [...hosts].map(([name, addresses]) => [
      name,
      addresses.length > 0 ? addresses : [{ addr: name, port: defaultPcsdPort }],
    ]),
  );
}

function nodeAndPort(text: string): HostAddress {
  return parseAddress(text);
}

/** `HOST`, `HOST:PORT`, `[IPV6]:PORT`, or an IPv6 address alone. @throws {PcsError} for a port that is none */
function parseAddress(text: string): HostAddress {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(text);
  const plain = bracketed ?? (text.split(':').length > 2 ? null : /^([^:]+)(?::(.*))?$/.exec(text));
  const addr = plain?.[1] ?? text;
  const portText = plain?.[2];
  const port = portText === undefined ? defaultPcsdPort : Number(portText);
  if (addr === '') fail(`'${text}' is not a valid address`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    fail(`Invalid port number in address '${text}', use 1..65535`);
  }
  return { addr, port };
}

async function authorize(
  context: PcsContext,
  hosts: ReadonlyMap<string, readonly HostAddress[]>,
  say: (line: string) => void,
): Promise<void> {
  const login = await askLogin(context);
  const accepted = new Map<string, KnownHost>();
  const errors: string[] = [];
  await Promise.all(
    [...hosts].map(async ([name, addresses]) => {
      const outcome = await logInAt(context, name, addresses, login);
      if ('error' in outcome) {
        errors.push(outcome.error);
      } else {
        accepted.set(name, { dest_list: addresses, token: outcome.token });
        say(`${name}: Authorized`);
      }
    }),
  );
  if (accepted.size > 0) {
    const known = await knownHosts(context);
    await writeKnownHosts(context.deps.files.knownHosts, changeKnownHosts(known, accepted, []));
    await shareKnownHosts(context);
  }
  if (errors.length > 0) throw new PcsError(errors.sort());
}

async function askLogin(context: PcsContext): Promise<Login> {
  const username = context.option('u') ?? (await context.deps.ask('Username: ', false));
  if (username === '') fail('a user name is needed; it is usually hacluster');
  const password = context.option('p') ?? (await context.deps.ask('Password: ', true));
  return { username, password };
}

async function logInAt(
  context: PcsContext,
  name: string,
  addresses: readonly HostAddress[],
  login: Login,
): Promise<{ token: string } | { error: string }> {
  try {
    const form = { username: login.username, password: login.password };
    const answer = await context.deps.hosts.call({ dest_list: addresses }, '/remote/auth', form);
    const token = answer.body.trim();
    if (answer.status === 200 && token === '') return { error: `${name}: Username and/or password is incorrect` };
    if (answer.status === 200 && tokenPattern.test(token)) return { token };
    if (answer.status === 429) return { error: `${name}: ${answer.body.trim()}` };
    return { error: `Unexpected response from ${name}` };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { error: `Unable to communicate with ${name}` };
  }
}

/** Names of those hosts where our token is good. */
async function authorizedAt(context: PcsContext, names: readonly string[]): Promise<Set<string>> {
  const known = await knownHosts(context);
  const hosts = new Map([...known.hosts].filter(([name]) => names.includes(name)));
  const results = await callAll(context, hosts, 'check_auth');
  return new Set(results.filter((result) => result.error === undefined).map((result) => result.node));
}

/** Whether all of them know us, and each other. */
async function allKnow(context: PcsContext, names: readonly string[]): Promise<boolean> {
  const known = await knownHosts(context);
  const hosts = new Map([...known.hosts].filter(([name]) => names.includes(name)));
  if (hosts.size !== names.length) return false;
  const results = await callAll(context, hosts, 'check_auth');
  return results.every((result) => {
    if (result.error !== undefined) return false;
    try {
      const answer: unknown = JSON.parse(result.body);
      const list = isRecord(answer) ? answer['node_list'] : undefined;
      return !Array.isArray(list) || names.every((name) => list.includes(name));
    } catch {
      return false;
    }
  });
}

/** Hands the local known hosts to the nodes of the local cluster, where there is one. */
async function shareKnownHosts(context: PcsContext): Promise<void> {
  const names = await clusterNodeNames(context).catch((): string[] => []);
  if (names.length === 0) return;
  const known = await knownHosts(context);
  const members = new Map([...known.hosts].filter(([name]) => names.includes(name)));
  const data = JSON.stringify({ known_hosts_add: Object.fromEntries(members), known_hosts_remove: {} });
  const results = await callAll(context, members, 'known_hosts_change', { data_json: data });
  const failed = results.filter((result) => result.error !== undefined).map((result) => result.node);
  const missing = names.filter((name) => !members.has(name));
  const all = [...failed, ...missing].sort();
  if (all.length > 0) fail(`Unable to synchronize and save tokens on nodes: ${all.join(', ')}. Are they authorized?`);
}

/** `pcs host deauth [host]…`, `pcs pcsd clear-auth [node]…`. */
export async function hostDeauth(context: PcsContext, words: readonly string[]): Promise<void> {
  const known = await knownHosts(context);
  const names = words.length === 0 ? [...known.hosts.keys()] : words;
  const unknown = names.filter((name) => !known.hosts.has(name)).sort();
  if (unknown.length > 0) fail(`Following hosts were not found: ${unknown.map((name) => `'${name}'`).join(', ')}`);
  if (names.length === 0) return;
  await writeKnownHosts(context.deps.files.knownHosts, changeKnownHosts(known, new Map(), names));
}
