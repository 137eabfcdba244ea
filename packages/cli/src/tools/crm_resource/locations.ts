import { cibOption } from '@sanode/cib';
import {
  addDays,
  addMonths,
  addSeconds,
  addYears,
  compareTimes,
  type DateTime,
  fromEpoch,
  parseDateTime,
  parseDuration,
  toEpoch,
} from '@sanode/rules';
import { type ClusterNode, primitivesOf, type Resource, Role, topOf } from '@sanode/scheduler';
import { isoTime } from '@sanode/status';
import { attr, childElements, descend, type Element, element, walk } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { hasOption, lastValue } from '../../common/options.ts';
import { ToolRefusal } from '../../common/tool-frame.ts';
import type { Cluster } from './cluster.ts';
import { fails, inform, type Request, refuse } from './request.ts';

/** Where a resource is, as far as it matters for moving it. */
interface Current {
  /** The one place, where there is one. */
  readonly node: ClusterNode | undefined;
  readonly count: number;
}

/** `-M`: prefers a node, or bans the one where the resource is (cli-crm.md 5.8). */
export async function move(cluster: Cluster, id: string, request: Request): Promise<number> {
  if (request.node === undefined) return ban(cluster, id, request);
  const resource = movable(cluster, id);
  const target = cluster.node(request.node);
  let promoted = hasOption(request.given, 'promoted');
  if (promoted && !topOf(resource).promotable) {
    inform(request, `Ignoring --promoted option: ${id} is not promotable`);
    promoted = false;
  }
  const current = currentPlace(resource);
  const isThere = current.count === 1 && current.node === target;
  if (isThere && !request.force) throw fails(exitCode.exists);
  const end = lifetimeEnd(request);
  for (const constraint of madeConstraints(cluster, id)) {
    const constraintId = attr(constraint, 'id') ?? '';
    if (constraintId === preferId(id) || constraintId === banId(id, target.name)) {
      await remove(cluster, constraintId, request);
    }
  }
  const names = {
    constraint: preferId(id),
    rule: `cli-prefer-rule-${id}`,
    expression: `cli-prefer-expr-${id}`,
    date: `cli-prefer-lifetime-end-${id}`,
  };
  await write(cluster, { id, node: target.name, promoted, score: 'INFINITY', end, names }, request);
  if (!request.force || isThere) return exitCode.ok;
  if (current.count === 1 && current.node !== undefined) {
    await writeBan(cluster, { id, node: current.node.name, promoted, end }, request);
  } else if (current.count > 1) {
    const word = promoted ? 'promoted' : 'active';
    inform(
      request,
      `Resource '${id}' is currently ${word} in ${current.count} locations. One may now move to ${target.name}\n` +
        `To prevent '${id}' from being ${word} at a specific location, specify a node.`,
    );
  }
  return exitCode.ok;
}

/** `-B`: keeps a resource off a node, or off the one where it is. */
export async function ban(cluster: Cluster, id: string, request: Request): Promise<number> {
  const resource = movable(cluster, id);
  const promoted = hasOption(request.given, 'promoted');
  let node = request.node === undefined ? undefined : cluster.node(request.node);
  if (node === undefined) {
    const current = currentPlace(resource);
    if (current.node === undefined) {
      throw new ToolRefusal(
        `crm_resource: Resource '${id}' not moved: ${promoted ? 'promoted' : 'active'} in ${current.count} locations.\n` +
          `To prevent '${id}' from running on a specific location, specify a node.`,
        exitCode.usage,
      );
    }
    node = current.node;
  }
  await writeBan(cluster, { id, node: node.name, promoted, end: lifetimeEnd(request) }, request);
  return exitCode.ok;
}

/** `-U`: removes what `-M` and `-B` made, all or only what expired. */
export async function clear(cluster: Cluster, request: Request): Promise<number> {
  const id = request.resource;
  const onlyExpired = hasOption(request.given, 'expired');
  if (id === undefined && !onlyExpired) {
    throw new ToolRefusal('crm_resource: Must supply a resource id with -r', exitCode.usage);
  }
  if (id !== undefined) movable(cluster, id);
  const node = request.node === undefined ? undefined : cluster.node(request.node).name;
  for (const constraint of madeConstraints(cluster, id)) {
    const constraintId = attr(constraint, 'id') ?? '';
    if (onlyExpired && !hasExpired(constraint)) continue;
    const isPrefer = !constraintId.startsWith('cli-ban-');
    if (node !== undefined && nodeOf(constraint)?.toLowerCase() !== node.toLowerCase()) {
      if (!(isPrefer && request.force)) continue;
    }
    await remove(cluster, constraintId, request);
    inform(request, `Removing constraint: ${constraintId}`);
  }
  return exitCode.ok;
}

/** An instance can't be moved for itself. @throws {ToolRefusal} */
function movable(cluster: Cluster, id: string): Resource {
  const resource = cluster.resource(id);
  if (resource.id === id && topOf(resource).variant === 'clone' && /:\d+$/.test(id)) {
    throw refuse(`Cannot operate on clone resource instance '${id}'`, exitCode.invalidParameter);
  }
  return resource;
}

function currentPlace(resource: Resource): Current {
  const whole = topOf(resource).variant === 'clone' ? topOf(resource) : resource;
  const active = (only: (each: Resource) => boolean): ClusterNode[] => [
    ...new Set([...primitivesOf(whole)].filter(only).flatMap((each) => each.activeNodes)),
  ];
  const promoted = whole.promotable ? active((each) => each.origRole === Role.promoted) : [];
  const nodes = promoted.length > 0 ? promoted : active(() => true);
  return { node: nodes.length === 1 ? nodes[0] : undefined, count: nodes.length };
}

/** @throws {ToolRefusal} for what is no duration */
function lifetimeEnd(request: Request): string | undefined {
  const text = lastValue(request.given, 'lifetime');
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration === undefined) {
    throw new ToolRefusal(
      `Invalid duration specified: ${text}\n` +
        'Please refer to https://en.wikipedia.org/wiki/ISO_8601#Durations for examples of valid durations',
      exitCode.usage,
    );
  }
  let time = addYears(now(), duration.years);
  time = addSeconds(addDays(addMonths(time, duration.months), duration.days), duration.seconds);
  const end = isoTime(toEpoch(time));
  inform(request, `Migration will take effect until: ${end}`);
  return end;
}

function now(): DateTime {
  return fromEpoch(Math.floor(Date.now() / 1000), -new Date().getTimezoneOffset() * 60);
}

interface Made {
  readonly id: string;
  readonly node: string;
  readonly promoted: boolean;
  readonly end: string | undefined;
}

function preferId(id: string): string {
  return `cli-prefer-${id}`;
}

function banId(id: string, node: string): string {
  return `cli-ban-${id}-on-${node}`;
}

async function writeBan(cluster: Cluster, made: Made, request: Request): Promise<void> {
  const { id, node, promoted } = made;
  const constraint = banId(id, node);
  inform(
    request,
    [
      `WARNING: Creating rsc_location constraint '${constraint}' with a score of -INFINITY for resource ${id} on ${node}.`,
      `\tThis will prevent ${id} from ${promoted ? 'being promoted' : 'running'} on ${node} until the constraint is removed ` +
        'using the clear option or by editing the CIB with an appropriate tool',
      `\tThis will be the case even if ${node} is the last node in the cluster`,
    ].join('\n'),
  );
  // A constraint of the other form (with and without a rule) can't be changed into this one.
  const old = madeConstraints(cluster, id).find((each) => attr(each, 'id') === constraint);
  const isSimple = made.end === undefined;
  if (old !== undefined && (attr(old, 'node') !== undefined) !== isSimple) await remove(cluster, constraint, request);
  const names = {
    constraint,
    rule: `${constraint}-rule`,
    expression: `${constraint}-expr`,
    date: `${constraint}-lifetime`,
  };
  await write(cluster, { ...made, score: '-INFINITY', names }, request);
}

interface Written extends Made {
  readonly score: string;
  readonly names: Readonly<Record<'constraint' | 'rule' | 'expression' | 'date', string>>;
}

async function write(cluster: Cluster, made: Written, request: Request): Promise<void> {
  const { id, node, promoted, score, end, names } = made;
  const base = { id: names.constraint, rsc: id, role: promoted ? 'Promoted' : 'Started' };
  const uname = { id: names.expression, attribute: '#uname', operation: 'eq', value: node, type: 'string' };
  const constraint =
    end === undefined
      ? element('rsc_location', { ...base, node, score })
      : element('rsc_location', base, [
          element('rule', { id: names.rule, score, 'boolean-op': 'and' }, [
            element('expression', uname),
            element('date_expression', { id: names.date, operation: 'lt', end }),
          ]),
        ]);
  const data = element('constraints', {}, [constraint]);
  const options = cibOption.canCreate;
  await cluster.change({ operation: 'cib_modify', section: 'constraints', data, options }, request.force);
}

async function remove(cluster: Cluster, id: string, request: Request): Promise<void> {
  const data = element('rsc_location', { id });
  await cluster.change({ operation: 'cib_delete', section: 'constraints', data }, request.force);
}

/** Constraints that `-M` and `-B` made for a resource, or for all. */
function madeConstraints(cluster: Cluster, id: string | undefined): Element[] {
  const constraints = descend(cluster.cib, 'configuration', 'constraints');
  const all = constraints === undefined ? [] : childElements(constraints, 'rsc_location');
  return all.filter((each) => {
    const constraintId = attr(each, 'id') ?? '';
    if (id === undefined) return /^cli-(prefer|ban)-/.test(constraintId);
    return constraintId === preferId(id) || constraintId.startsWith(`cli-ban-${id}-on-`);
  });
}

function nodeOf(constraint: Element): string | undefined {
  const direct = attr(constraint, 'node');
  if (direct !== undefined) return direct;
  for (const each of walk(constraint)) {
    if (each.name === 'expression' && attr(each, 'attribute') === '#uname') return attr(each, 'value');
  }
  return undefined;
}

function hasExpired(constraint: Element): boolean {
  for (const each of walk(constraint)) {
    if (each.name !== 'date_expression') continue;
    const end = parseDateTime(attr(each, 'end') ?? '', now());
    if (end !== undefined && compareTimes(end, now()) < 0) return true;
  }
  return false;
}
