import { attr, type Element, type Node } from '@sanode/xml';

/** One step of a patchset's path: `/name[@id='ID']`, or `/name` without id; comments are `/comment` (cib.md 4.1). */
export function pathStep(node: Node): string {
  if (node.type !== 'element') return '/comment';
  const id = attr(node, 'id');
  return id === undefined ? `/${node.name}` : `/${node.name}[@id='${id}']`;
}

/** A step of a path, taken apart. */
export interface PathStep {
  readonly name: string;
  readonly id: string | undefined;
}

const stepPattern = /\/([^/[\]'"@=\s]+)(?:\[@id=(?:'([^']*)'|"([^"]*)")\])?/y;

/** Takes a patchset's path apart; undefined when it is none. */
export function parsePath(path: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  stepPattern.lastIndex = 0;
  let end = 0;
  while (end < path.length) {
    const match = stepPattern.exec(path);
    if (match === null) return undefined;
    steps.push({ name: match[1] as string, id: match[2] ?? match[3] });
    end = stepPattern.lastIndex;
  }
  return steps.length === 0 ? undefined : steps;
}

/** Whether a step means this element; a step without id means any element of its name. */
export function stepMatches(step: PathStep, node: Element): boolean {
  return node.name === step.name && (step.id === undefined || attr(node, 'id') === step.id);
}
