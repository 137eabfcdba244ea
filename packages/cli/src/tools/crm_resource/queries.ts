import { announcedRelease } from '@sanode/runtime';
import { definitionId, primitivesOf, type Resource, Role, topOf } from '@sanode/scheduler';
import { type ListOutput, TextList } from '@sanode/status/text/list';
import { printResource, printResources } from '@sanode/status/text/resources';
import { resourceElement, resourcesElement } from '@sanode/status/xml/resources';
import { attr, type Element, element, printPretty, text, walk, withAttributes, withChildren } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { Cluster } from './cluster.ts';
import type { Request } from './request.ts';

/** `-L`: all resources (cli-crm.md 5.1). */
export function listResources(cluster: Cluster, { result }: Request): number {
  const report = cluster.report(true);
  const out = new TextList();
  printResources(out, report);
  result.add(out.toString().trim(), resourcesElement(report) ?? element('resources'));
  return exitCode.ok;
}

/** `-l`: ids of all primitive instances. */
export function listRaw(cluster: Cluster, { result }: Request): number {
  const ids = cluster.report(true).resources.flatMap((top) => [...primitivesOf(top)].map(({ id }) => id));
  if (ids.length === 0) {
    result.add('NO resources configured', undefined);
    return exitCode.ok;
  }
  const items = ids.map((id) => element('item', { name: 'resource' }, [text(id)]));
  result.add(ids.join('\n'), element('list', { name: 'resource names', count: ids.length }, items));
  return exitCode.ok;
}

/** `-W`: where a resource runs. */
export function locate(cluster: Cluster, id: string, { quiet, result }: Request): number {
  const found = cluster.resource(id);
  const isShared = found.id !== id && found.variant === 'primitive';
  const whole = isShared ? topOf(found) : found;
  // The reference goes through a clone's instances from the last to the first, and names each one's node.
  const instances = whole.variant === 'clone' ? [...whole.children].reverse() : [whole];
  const places = instances.flatMap((instance) => {
    const primitives = [...primitivesOf(instance)].filter((each) => !isShared || definitionId(each) === id);
    const nodes = new Set(primitives.flatMap((each) => each.activeNodes));
    const promoted = primitives.some((each) => each.origRole === Role.promoted);
    return [...nodes].map(({ name }) => ({ name, promoted }));
  });
  if (result.isXml) {
    const xml = places.map(({ name, promoted }) =>
      element('node', promoted ? { state: 'promoted' } : {}, [text(name)]),
    );
    result.add('', element('nodes', { resource: id }, xml));
    return exitCode.ok;
  }
  const lines = places.map(({ name, promoted }) =>
    quiet ? name : `resource ${id} is running on: ${name}${promoted ? ' Promoted' : ''}`,
  );
  if (lines.length > 0) result.add(lines.join('\n'), undefined);
  else if (!quiet) result.error(`resource ${id} is NOT running`);
  return exitCode.ok;
}

/** `-q`, `-w`: state and configuration. @param raw as written, before templates */
export function queryXml(cluster: Cluster, id: string, raw: boolean, { result }: Request): number {
  const resource = cluster.resource(id, true);
  const report = cluster.report(false);
  const out = new PlainList();
  printResource(out, report, resource);
  const state = out.lines.join('\n');
  const configured = raw ? (asWritten(cluster, resource) ?? resource.xml) : resource.xml;
  const escaping = announcedRelease().name === '3.0' ? '3.0' : 'wire';
  const printed = printPretty(withInstance(configured, resource), { escaping });
  const xml = element('resource_config', {}, [
    resourceElement(report, resource),
    element('xml', {}, [{ type: 'cdata', text: printed }]),
  ]);
  result.add(`${state}\nResource XML:\n${printed.trimEnd()}`, xml);
  return exitCode.ok;
}

/** The definition of an instance carries its number, and so does all below it. */
function withInstance(xml: Element, resource: Resource): Element {
  const number = /:(\d+)$/.exec(resource.id)?.[1];
  return number === undefined || topOf(resource).variant !== 'clone' ? xml : numbered(xml, number);
}

function numbered(xml: Element, number: string): Element {
  if (xml.name !== 'primitive' && xml.name !== 'group') return xml;
  const children = xml.children.map((child) => (child.type === 'element' ? numbered(child, number) : child));
  return withAttributes(withChildren(xml, children), { clone: number });
}

/** Lines without bullets, indentation and titles: how lists are printed where they are not fancy (cli-crm.md 3.1). */
class PlainList implements ListOutput {
  readonly lines: string[] = [];

  item(line: string): void {
    this.lines.push(line);
  }

  begin(): void {}
  beginSilent(): void {}
  end(): void {}
  spacer(): void {}
}

function asWritten(cluster: Cluster, resource: Resource): Element | undefined {
  const id = resource.xml.attributes.get('id');
  for (const each of walk(cluster.cib)) if (attr(each, 'id') === id && each.name === resource.xml.name) return each;
  return undefined;
}
