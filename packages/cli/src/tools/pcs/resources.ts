import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import type { CibEditor } from './cib-editor.ts';

const resourceTags = new Set(['primitive', 'group', 'clone', 'master', 'bundle', 'template']);

export function isResource(node: Element): boolean {
  return resourceTags.has(node.name);
}

/** A resource by id: primitive, group, clone, bundle. */
export function findResource(editor: CibEditor, id: string): Element | undefined {
  return allResources(editor.section('resources')).find((candidate) => attr(candidate, 'id') === id);
}

/** Every resource below a section or resource, parents first. */
export function allResources(node: Element): Element[] {
  return childElements(node)
    .filter(isResource)
    .flatMap((child) => [child, ...allResources(child)]);
}

/** Primitives inside a resource, itself when it is one. */
export function primitivesOf(resource: Element): Element[] {
  if (resource.name === 'primitive') return [resource];
  return allResources(resource).filter((candidate) => candidate.name === 'primitive');
}

export function isClone(resource: Element): boolean {
  return resource.name === 'clone' || resource.name === 'master';
}

/** The resource inside a clone or bundle. */
export function innerResource(resource: Element): Element | undefined {
  return childElements(resource).find((child) => child.name === 'primitive' || child.name === 'group');
}

/** `ocf:heartbeat:nginx` of a primitive. */
export function agentOf(primitive: Element): string {
  const parts = [attr(primitive, 'class'), attr(primitive, 'provider'), attr(primitive, 'type')];
  return parts.filter((part) => part !== undefined).join(':');
}

/** What kind of resource it is, in messages. */
export function kindOf(resource: Element): string {
  return resource.name === 'primitive' ? 'resource' : resource.name === 'master' ? 'clone' : resource.name;
}

/** The clone, group or bundle that a resource is in; undefined at the top. */
export function resourceParent(editor: CibEditor, resource: Element): Element | undefined {
  const parent = editor.parent(resource);
  return parent !== undefined && isResource(parent) ? parent : undefined;
}

/** First attribute set of that tag. */
export function ownSet(resource: Element, tag: string): Element | undefined {
  return firstChild(resource, tag);
}
