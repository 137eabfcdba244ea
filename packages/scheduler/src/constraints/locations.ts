import { expandSubmatches, passesRule } from '@sanode/rules';
import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import { resolved } from '../inputs/cib-index.ts';
import { nodeAttribute } from '../inputs/node-attributes.ts';
import { findNode } from '../inputs/nodes.ts';
import { parametersOf } from '../inputs/parameters.ts';
import { ruleInput } from '../inputs/rule-input.ts';
import type { LocationConstraint } from '../model/constraint.ts';
import { copyEntry, type NodeEntry, ProbeMode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { parseScore } from '../values/scores.ts';
import { expandSets, expandSingle, findConstrained, resourceSets } from './find.ts';

/** Adds a location constraint to the cluster's and the resource's list, newest first (scheduler-2 5.1). */
export function addLocation(
  set: WorkingSet,
  id: string,
  resource: Resource,
  role: Role,
  probeMode: ProbeMode,
  nodes: readonly NodeEntry[],
): void {
  if (probeMode === ProbeMode.exclusive) resource.exclusiveProbes = true;
  const location: LocationConstraint = { id, resource, role, probeMode, nodes };
  set.locations.unshift(location);
  resource.locations.unshift(location);
}

function entryWithScore(entry: NodeEntry, score: number): NodeEntry {
  const copy = copyEntry(entry);
  copy.score = score;
  return copy;
}

/** Reads an `rsc_location` (scheduler-2 5.3). */
export function unpackLocation(set: WorkingSet, xml: Element): void {
  const expanded = expandSets(set, xml) ?? expandSingle(set, xml, 'role');
  if (expanded === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': '${attr(xml, 'rsc')}' is no resource, template or tag`);
    return;
  }
  const sets = resourceSets(set, expanded);
  for (const resourceSet of sets) {
    const overrides = { role: attr(resourceSet, 'role'), score: attr(resourceSet, 'score') };
    for (const reference of childElements(resourceSet, 'resource_ref')) {
      const resource = findConstrained(set, attr(reference, 'id'));
      if (resource === undefined) {
        configError(set, `Constraint '${attr(xml, 'id')}': there is no resource '${attr(reference, 'id')}'`);
        return;
      }
      unpackForResource(set, expanded, resource, overrides, undefined);
    }
  }
  if (sets.length > 0) return;
  unpackSimple(set, expanded);
}

function unpackSimple(set: WorkingSet, xml: Element): void {
  const id = attr(xml, 'rsc');
  if (id !== undefined) {
    const resource = findConstrained(set, id);
    if (resource === undefined) configError(set, `Constraint '${attr(xml, 'id')}': there is no resource '${id}'`);
    else unpackForResource(set, xml, resource, {}, undefined);
  }
  const pattern = attr(xml, 'rsc-pattern');
  if (pattern === undefined) return;
  const inverted = pattern.startsWith('!');
  const expression = compilePattern(inverted ? pattern.slice(1) : pattern);
  if (expression === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': rsc-pattern '${pattern}' is no regular expression`);
    return;
  }
  for (const resource of set.resources) {
    const match = expression.exec(resource.id);
    if ((match === null) !== inverted) continue;
    unpackForResource(set, xml, resource, {}, match === null ? undefined : [...match]);
  }
}

/** Longest pattern that is tried, as a bound on time. */
const maxPatternLength = 1024;

function compilePattern(pattern: string): RegExp | undefined {
  if (pattern.length > maxPatternLength) return undefined;
  // The classes of POSIX that scripts do not have.
  const translated = pattern
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:alnum:]', 'A-Za-z0-9')
    .replaceAll('[:upper:]', 'A-Z')
    .replaceAll('[:lower:]', 'a-z')
    .replaceAll('[:space:]', '\\s')
    .replaceAll('[:punct:]', '!-/:-@\\[-`{-~');
  try {
    return new RegExp(translated);
  } catch {
    return undefined;
  }
}

function probeModeOf(set: WorkingSet, xml: Element): ProbeMode {
  const text = attr(xml, 'resource-discovery')?.toLowerCase() ?? 'always';
  if (text === 'never') return ProbeMode.never;
  if (text === 'exclusive') return ProbeMode.exclusive;
  if (text !== 'always') configError(set, `Constraint '${attr(xml, 'id')}': invalid resource-discovery '${text}'`);
  return ProbeMode.always;
}

/** Role of a location: those that every role has count for all; `undefined` for what is none (scheduler-2 5.2). */
function locationRole(text: string | undefined): Role | undefined {
  if (text === undefined) return Role.unknown;
  const role = parseRole(text);
  if (role === undefined || role === Role.unknown) return undefined;
  return role === Role.started || role === Role.unpromoted ? Role.unknown : role;
}

function unpackForResource(
  set: WorkingSet,
  xml: Element,
  resource: Resource,
  overrides: { role?: string | undefined; score?: string | undefined },
  submatches: readonly (string | undefined)[] | undefined,
): void {
  const id = attr(xml, 'id') ?? '';
  const nodeName = attr(xml, 'node');
  const scoreText = overrides.score ?? attr(xml, 'score');
  if (nodeName === undefined || scoreText === undefined) {
    const rule = firstChild(xml, 'rule');
    if (rule !== undefined) unpackRule(set, xml, rule, resource, submatches);
    return;
  }
  const role = locationRole(overrides.role ?? attr(xml, 'role'));
  const score = parseScore(scoreText, set.options.healthScores);
  if (role === undefined || score === undefined) {
    configError(set, `Ignoring constraint '${id}': its ${role === undefined ? 'role' : 'score'} is not valid`);
    return;
  }
  const node = findNode(set, nodeName);
  if (node === undefined) return;
  addLocation(set, id, resource, role, probeModeOf(set, xml), [entryWithScore(node.entry, score)]);
}

function unpackRule(
  set: WorkingSet,
  xml: Element,
  reference: Element,
  resource: Resource,
  submatches: readonly (string | undefined)[] | undefined,
): void {
  const rule = resolved(set.index, reference);
  const id = rule === undefined ? undefined : attr(rule, 'id');
  if (rule === undefined || id === undefined) return;
  const role = locationRole(attr(rule, 'role'));
  const combine = attr(rule, 'boolean-op')?.toLowerCase() ?? 'and';
  const rawAttribute = attr(rule, 'score-attribute');
  const scoreAttribute = rawAttribute === undefined ? undefined : expandSubmatches(rawAttribute, submatches);
  const scoreText = attr(rule, 'score');
  const score = scoreText === undefined ? undefined : parseScore(scoreText, set.options.healthScores);
  if (role === undefined || (combine !== 'and' && combine !== 'or')) {
    configError(set, `Ignoring rule '${id}': its role or boolean-op is not valid`);
    return;
  }
  if (scoreAttribute === undefined && score === undefined) {
    configError(set, `Ignoring rule '${id}': it has no valid score`);
    return;
  }
  const nodes: NodeEntry[] = [];
  for (const node of set.nodes) {
    const input = ruleInput(set, {
      nodeAttributes: node.attributes,
      parameters: parametersOf(set, resource, node),
      meta: resource.meta,
      submatches,
    });
    if (!passesRule(rule, input)) continue;
    let value = score;
    if (scoreAttribute !== undefined) {
      const text = nodeAttribute(node, scoreAttribute, resource, 'current');
      value = text === undefined || text === '' ? undefined : parseScore(text, set.options.healthScores);
    }
    if (value !== undefined) nodes.unshift(entryWithScore(node.entry, value));
  }
  addLocation(set, id, resource, role, probeModeOf(set, xml), nodes);
}
