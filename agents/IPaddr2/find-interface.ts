import { covers, type IpAddress, isAgentIpv4 } from './address.ts';
import { type AddressEntry, family, type LinkEntry, type RouteEntry, scope, table } from './rtnetlink-codec.ts';

/** What the configuration says about the place of the address; '' where it says nothing. */
export interface Wanted {
  readonly ip: string;
  readonly nic: string;
  readonly prefix: string;
  readonly broadcast: string;
}

/** The kernel's view of the network. */
export interface NetworkView {
  readonly links: readonly LinkEntry[];
  readonly addresses: readonly AddressEntry[];
  readonly routes: readonly RouteEntry[];
}

export type Lookup =
  | { readonly nic: string; readonly prefix: number; readonly broadcast: Buffer | '+' | '-' | undefined }
  | { readonly code: number; readonly problem: string };

const routeUnicast = 1;
const routeLocal = 2;

/**
 * Checks the parameters as start and validate-all do (ocf-agents.md 2.3a).
 * @returns the problem, undefined if there is none
 */
export function parameterProblem(wanted: Wanted, links: readonly LinkEntry[]): string | undefined {
  const isIpv6 = wanted.ip.includes(':');
  if (wanted.nic !== '' && !links.some((link) => link.name === wanted.nic)) {
    return `Invalid interface name [${wanted.nic}]: Device "${wanted.nic}" does not exist.`;
  }
  if (isIpv6 ? !/^[0-9a-fA-F:]+$/.test(wanted.ip) : !isAgentIpv4(wanted.ip))
    return `IP address [${wanted.ip}] not valid.`;
  if (/^fe80:/i.test(wanted.ip) && wanted.nic === '') {
    return `'nic' parameter is mandatory for a link local address [${wanted.ip}].`;
  }
  const { prefix, broadcast } = wanted;
  const isValidPrefix = /^[0-9]{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (isIpv6 ? 128 : 32);
  if (prefix !== '' && !isValidPrefix) return `Invalid netmask specification [${prefix}].`;
  if (isIpv6 || broadcast === '' || broadcast === '+' || broadcast === '-') return undefined;
  return isAgentIpv4(broadcast) ? undefined : `Invalid broadcast address [${broadcast}].`;
}

/** Finds interface, prefix length and broadcast address (ocf-agents.md 2.3b to g). */
export function findInterface(wanted: Wanted, address: IpAddress | undefined, view: NetworkView): Lookup {
  const prefix = wanted.prefix === '' ? undefined : givenPrefix(wanted);
  const route = address === undefined ? undefined : findRoute(wanted, address, prefix, view);
  const linkName = (index: number | undefined): string => view.links.find((link) => link.index === index)?.name ?? '';
  const nic = wanted.nic || linkName(route?.index);
  const foundPrefix = prefix ?? route?.prefix;
  if (nic === '' || foundPrefix === undefined) return { code: 1, problem: 'Unable to find nic or netmask.' };
  return { nic, prefix: foundPrefix, broadcast: broadcastFor(wanted, address, route, view) };
}

/** A prefix length that was given; -1, which no route and no address has, where it makes no sense. */
function givenPrefix({ prefix, ip }: Wanted): number {
  const longest = ip.includes(':') ? 128 : 32;
  return /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= longest ? Number(prefix) : -1;
}

function findRoute(
  wanted: Wanted,
  address: IpAddress,
  prefix: number | undefined,
  view: NetworkView,
): RouteEntry | undefined {
  const isIpv4 = address.family === 'inet';
  const hostPrefix = isIpv4 ? 32 : 128;
  const addressFamily = isIpv4 ? family.inet : family.inet6;
  const onNic = (route: RouteEntry): boolean =>
    wanted.nic === '' || view.links.some((link) => link.index === route.index && link.name === wanted.nic);
  const fits = (route: RouteEntry): boolean =>
    route.family === addressFamily &&
    covers(route.destination, route.prefix, address.bytes) &&
    route.prefix > 0 &&
    route.prefix < hostPrefix &&
    route.prefix <= (prefix ?? hostPrefix);
  const connected = view.routes.filter(
    (route) =>
      route.table === table.main &&
      route.type === routeUnicast &&
      fits(route) &&
      (!isIpv4 || route.scope === scope.link) &&
      onNic(route),
  );
  const best = longestPrefix(connected);
  if (best !== undefined || !isIpv4 || address.bytes[0] !== 127) return best;
  return longestPrefix(
    view.routes.filter(
      (route) => route.table === table.local && route.type === routeLocal && route.scope === scope.host && fits(route),
    ),
  );
}

/** The longest prefix; among equals the last in the kernel's order. */
function longestPrefix(routes: readonly RouteEntry[]): RouteEntry | undefined {
  let best: RouteEntry | undefined;
  for (const route of routes) if (best === undefined || route.prefix >= best.prefix) best = route;
  return best;
}

function broadcastFor(
  wanted: Wanted,
  address: IpAddress | undefined,
  route: RouteEntry | undefined,
  view: NetworkView,
): Buffer | '+' | '-' | undefined {
  if (address?.family !== 'inet') return undefined;
  if (wanted.broadcast === '+' || wanted.broadcast === '-') return wanted.broadcast;
  if (isAgentIpv4(wanted.broadcast)) return Buffer.from(wanted.broadcast.split('.').map(Number));
  const source = route?.preferredSource;
  if (source === undefined) return undefined;
  return view.addresses.find((entry) => entry.local.equals(source) && entry.broadcast !== undefined)?.broadcast;
}
