import { printableId, type Resource } from '@sanode/scheduler';
import { onWantedNode, type Report } from '../report.ts';
import { isActive, isDisabledCollective, unmanagedWord } from '../resource-facts.ts';
import { printBrief } from './brief.ts';
import { printBundle } from './bundles.ts';
import { printClone } from './clones.ts';
import type { ListOutput } from './list.ts';
import { printPrimitive } from './primitive.ts';

/** The resource list (cli-crm.md 4.4.4). */
export function printResources(out: ListOutput, report: Report): void {
  const { groupByNode, inactive, brief } = report.options;
  if (groupByNode && !inactive) return;
  out.spacer();
  out.begin(groupByNode ? 'Inactive Resources' : inactive ? 'Full List of Resources' : 'Active Resources');
  let printed = 0;
  if (brief && !groupByNode) {
    const primitives = report.resources.filter((each) => each.variant === 'primitive' && isShown(report, each, true));
    printed += printBrief(out, report, primitives, { byNode: true, always: inactive });
  }
  for (const resource of report.resources) {
    if (brief && !groupByNode && resource.variant === 'primitive') continue;
    if (!isShown(report, resource, false)) continue;
    if (printResource(out, report, resource)) printed += 1;
  }
  if (printed === 0) {
    out.item(groupByNode ? 'No inactive resources' : inactive ? 'No resources' : 'No active resources');
  }
  out.end();
}

function isShown(report: Report, resource: Resource, forBrief: boolean): boolean {
  const { groupByNode, inactive } = report.options;
  if (isInternal(resource) && !report.options.detail) return false;
  if (resource.removed && !isActive(resource, false)) return false;
  if (!report.wantsResource(resource)) return false;
  if (groupByNode && isActive(resource, true)) return false;
  const partly = isActive(resource, false);
  if (!inactive && !partly) return false;
  return forBrief && inactive ? true : onWantedNode(report, resource);
}

export function isInternal(resource: Resource): boolean {
  return resource.meta.get('internal_rsc') === 'true';
}

/** One resource of any kind, at the list's depth. @returns whether something was printed */
export function printResource(out: ListOutput, report: Report, resource: Resource): boolean {
  switch (resource.variant) {
    case 'primitive':
      if (isInternal(resource) && !report.options.detail) return false;
      printPrimitive(out, report, resource, { node: resource.activeNodes[0], groupByNode: false });
      return true;
    case 'group':
      printGroup(out, report, resource);
      return true;
    case 'clone':
      return printClone(out, report, resource, printResource);
    case 'bundle':
      return printBundle(out, report, resource);
  }
}

function printGroup(out: ListOutput, report: Report, group: Resource): void {
  const { inactive, brief } = report.options;
  const byMember = !report.namesResource(group) && report.namesBelow(group) && !hasNamedParent(report, group);
  const members = group.children.filter((child) => !byMember || report.namesResource(child));
  const notes: string[] = [];
  const active = group.children.filter((child) => isActive(child, true)).length;
  const missing = group.children.length - active;
  if (!inactive && missing > 0 && active > 0) {
    notes.push(`${missing} ${missing === 1 ? 'member' : 'members'} inactive`);
  }
  if (report.options.release === '3.0') {
    if (isDisabledCollective(group)) notes.push('disabled');
    if (!group.managed) notes.push(unmanagedWord(report, group));
  } else {
    if (!group.managed) notes.push('unmanaged');
    if (isDisabledCollective(group)) notes.push('disabled');
  }
  if (!inactive && !byMember && active === 0 && !isActive(group, false)) return;
  out.begin(`Resource Group: ${group.parent === undefined ? group.id : printableGroupId(group)}${annotation(notes)}`);
  if (brief) printBrief(out, report, members, { byNode: true, always: true });
  else {
    for (const member of members) {
      if (inactive || byMember || isActive(member, false)) printResource(out, report, member);
    }
  }
  out.end();
}

function printableGroupId(group: Resource): string {
  return group.id.includes(':') ? group.id : printableId(group);
}

function hasNamedParent(report: Report, resource: Resource): boolean {
  for (let at = resource.parent; at !== undefined; at = at.parent) if (report.namesResource(at)) return true;
  return false;
}

/** ` (a, b)`, or nothing. */
export function annotation(notes: readonly string[]): string {
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}
