import {
  type ClusterNode,
  definitionId,
  isGuestNode,
  isRemoteNode,
  primitivesOf,
  type Resource,
  type WorkingSet,
} from '@sanode/scheduler';
import { attr, descend, walk } from '@sanode/xml';
import type { ReportOptions, Section } from './options.ts';

/** A model of the cluster with what is to be shown of it. */
export class Report {
  readonly set: WorkingSet;
  readonly options: ReportOptions;
  /** Top-level resources by priority, then as configured; orphans after them. */
  readonly resources: readonly Resource[];
  readonly #order: ReadonlyMap<ClusterNode, number>;

  constructor(set: WorkingSet, options: ReportOptions) {
    this.set = set;
    this.options = options;
    this.resources = set.resources;
    this.#order = new Map(set.nodes.map((node, index) => [node, index]));
  }

  shows(section: Section): boolean {
    return this.options.sections.has(section);
  }

  /** Whether a node is among those asked for. */
  wantsNode(node: ClusterNode | undefined): boolean {
    const { nodes } = this.options;
    return nodes === undefined || (node !== undefined && nodes.has(node.name));
  }

  /** Whether the resource itself is among those asked for, by id, instance or definition. */
  namesResource(resource: Resource): boolean {
    const { resources } = this.options;
    return resources === undefined || resources.has(resource.id) || resources.has(definitionId(resource));
  }

  /** Whether the resource, one above or one below it is asked for. */
  wantsResource(resource: Resource): boolean {
    if (this.options.resources === undefined) return true;
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
      if (this.namesResource(at)) return true;
    }
    return this.namesBelow(resource);
  }

  /** Whether one below the resource is asked for. */
  namesBelow(resource: Resource): boolean {
    return resource.children.some((child) => this.namesResource(child) || this.namesBelow(child));
  }

  /** Compares nodes as the status does: natural order of names. */
  byName = (a: ClusterNode, b: ClusterNode): number => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0);

  /** Value of a cluster property as it is in the CIB, wherever the nvpair is. */
  property(name: string): string | undefined {
    const config = descend(this.set.cib, 'configuration');
    if (config === undefined) return undefined;
    for (const element of walk(config)) {
      if (element.name === 'nvpair' && attr(element, 'name') === name) return attr(element, 'value');
    }
    return undefined;
  }

  /** Resources active on a node as far as they are asked for. */
  runningOn(node: ClusterNode): readonly Resource[] {
    return node.running.filter((resource) => this.wantsResource(resource));
  }
}

/** Whether a primitive or one below a resource runs on a node that is asked for; what runs nowhere is not hidden. */
export function onWantedNode(report: Report, resource: Resource): boolean {
  if (report.options.nodes === undefined) return true;
  const nodes = [...primitivesOf(resource)].flatMap((each) => each.activeNodes);
  return nodes.length === 0 || nodes.some((node) => report.wantsNode(node));
}

/** Word for what kind of node it is. */
export function nodeKind(node: ClusterNode): 'Node' | 'RemoteNode' | 'GuestNode' {
  return isGuestNode(node) ? 'GuestNode' : isRemoteNode(node) ? 'RemoteNode' : 'Node';
}
