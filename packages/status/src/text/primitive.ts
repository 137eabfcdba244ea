import type { Resource } from '@sanode/scheduler';
import type { Report } from '../report.ts';
import { type LineStyle, primitiveLine } from '../resource-facts.ts';
import type { ListOutput } from './list.ts';

/** Prints a primitive's line. */
export function printPrimitive(out: ListOutput, report: Report, resource: Resource, style: LineStyle): void {
  out.item(primitiveLine(report, resource, style), cssClass(resource));
}

/** How HTML shows a primitive (cli-crm.md 4.6). */
function cssClass(resource: Resource): string {
  if (!resource.managed) return 'rsc-managed';
  if (resource.failed || resource.activeNodes.length === 0) return 'rsc-failed';
  if (resource.activeNodes.length > 1) return 'rsc-multiple';
  return resource.ignoreFailure ? 'rsc-failure-ignored' : 'rsc-ok';
}
