import { type BundleReplica, type ClusterNode, printableId, type Resource } from '@sanode/scheduler';
import { type Element, element } from '@sanode/xml';
import { onWantedNode, type Report } from '../report.ts';
import { agentOf, isActive, isDisabledCollective, pendingText, shownRole } from '../resource-facts.ts';

/** `<resources>`: all of them, or with -n those that are not wholly active (cli-crm.md 4.5). */
export function resourcesElement(report: Report): Element | undefined {
  if (report.resources.length === 0) return undefined;
  const { groupByNode } = report.options;
  const shown = report.resources.filter((resource) => {
    if (resource.removed && !isActive(resource, false)) return false;
    if (groupByNode && isActive(resource, true)) return false;
    return report.wantsResource(resource) && onWantedNode(report, resource);
  });
  return element(
    'resources',
    {},
    shown.map((resource) => resourceElement(report, resource)),
  );
}

/** One resource of any kind. */
export function resourceElement(report: Report, resource: Resource): Element {
  switch (resource.variant) {
    case 'primitive':
      return primitiveElement(report, resource);
    case 'group':
      return groupElement(report, resource);
    case 'clone':
      return cloneElement(report, resource);
    case 'bundle':
      return bundleElement(report, resource);
  }
}

export function primitiveElement(report: Report, resource: Resource): Element {
  const nodes = resource.activeNodes;
  return element(
    'resource',
    {
      id: printableId(resource),
      resource_agent: agentOf(resource),
      role: pendingText(resource) ?? shownRole(resource),
      target_role: resource.meta.get('target-role'),
      active: isActive(resource, true),
      orphaned: resource.removed,
      ...(report.options.release === '3.0' ? { removed: resource.removed } : {}),
      blocked: resource.blocked,
      ...maintenance(report, resource),
      managed: resource.managed,
      failed: resource.failed,
      failure_ignored: resource.ignoreFailure,
      nodes_running_on: nodes.length,
      pending: resource.pendingAction === 'monitor' ? 'Monitoring' : undefined,
      locked_to: resource.lockNode?.name,
    },
    nodes.map((node) => nodeReference(node)),
  );
}

function nodeReference(node: ClusterNode): Element {
  return element('node', { name: node.name, id: node.id, cached: node.online });
}

function maintenance(report: Report, resource: Resource): { maintenance?: boolean } {
  return report.options.release === '3.0' ? { maintenance: resource.maintenance } : {};
}

function groupElement(report: Report, group: Resource): Element {
  const members = wantedChildren(report, group);
  return element(
    'group',
    {
      id: group.id,
      number_resources: group.children.length,
      ...maintenance(report, group),
      managed: group.managed,
      disabled: isDisabledCollective(group),
    },
    members.map((member) => resourceElement(report, member)),
  );
}

/** The children that are asked for; all when the resource itself, or one above it, is. */
function wantedChildren(report: Report, resource: Resource): readonly Resource[] {
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    if (report.namesResource(at)) return resource.children;
  }
  return resource.children.filter((child) => report.namesResource(child) || report.namesBelow(child));
}

function cloneElement(report: Report, clone: Resource): Element {
  const instances = wantedChildren(report, clone).filter((instance) => onWantedNode(report, instance));
  return element(
    'clone',
    {
      id: clone.id,
      multi_state: clone.promotable,
      unique: clone.unique,
      ...maintenance(report, clone),
      managed: clone.managed,
      disabled: isDisabledCollective(clone),
      failed: clone.failed,
      failure_ignored: clone.ignoreFailure,
      target_role: clone.meta.get('target-role'),
    },
    instances.map((instance) => resourceElement(report, instance)),
  );
}

function bundleElement(report: Report, bundle: Resource): Element {
  const data = bundle.bundle;
  const replicas = (data?.replicas ?? []).filter(
    (replica) =>
      onWantedNode(report, replica.container) &&
      (report.namesResource(bundle) || partsOf(replica).some((part) => report.namesResource(part))),
  );
  return element(
    'bundle',
    {
      id: bundle.id,
      type: data?.agent,
      image: data?.image,
      unique: bundle.unique,
      ...maintenance(report, bundle),
      managed: bundle.managed,
      failed: bundle.failed,
    },
    replicas.map((replica) => {
      const parts = partsOf(replica).filter((part) => report.namesResource(bundle) || report.namesResource(part));
      return element(
        'replica',
        { id: replica.offset },
        parts.map((part) => primitiveElement(report, part)),
      );
    }),
  );
}

function partsOf(replica: BundleReplica): Resource[] {
  return [replica.ip, replica.child, replica.container, replica.remote].filter((part) => part !== undefined);
}
