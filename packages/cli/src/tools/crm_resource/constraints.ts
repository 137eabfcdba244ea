import { scoreText } from '@sanode/rules';
import { type Colocation, type Resource, Role, roleText, topOf } from '@sanode/scheduler';
import { unpackConstraints } from '@sanode/scheduler/constraints/unpack';
import { type Element, element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { Cluster } from './cluster.ts';
import type { Request } from './request.ts';

/** `-a` and `-A`: what binds a resource to nodes and to other resources (cli-crm.md 5.4). */
export function showConstraints(cluster: Cluster, id: string, recursive: boolean, request: Request): number {
  unpackConstraints(cluster.set);
  const found = cluster.resource(id);
  const start = request.force ? found : topOf(found);
  const out = new Constraints(recursive);
  out.locations(start, 0);
  out.colocations(start, 'primaries', 0, new Set([start]));
  out.colocations(start, 'dependents', 0, new Set([start]));
  if (out.lines.length > 0 || request.result.isXml) {
    request.result.add(out.lines.join('\n'), element('constraints', {}, out.elements));
  }
  return exitCode.ok;
}

class Constraints {
  readonly lines: string[] = [];
  readonly elements: Element[] = [];
  readonly #recursive: boolean;

  constructor(recursive: boolean) {
    this.#recursive = recursive;
  }

  locations(resource: Resource, depth: number): void {
    const entries = resource.locations.flatMap((location) => location.nodes.map((entry) => ({ location, entry })));
    if (entries.length === 0) return;
    this.#line(depth, 'Locations:');
    for (const { location, entry } of entries) {
      const score = scoreText(entry.score);
      this.#line(depth + 1, `Node ${entry.node.name} (score=${score}, id=${location.id}, rsc=${resource.id})`);
      this.elements.push(element('rsc_location', { node: entry.node.name, rsc: resource.id, id: location.id, score }));
    }
  }

  /** @param side the resources it goes with, or those that go with it */
  colocations(resource: Resource, side: 'primaries' | 'dependents', depth: number, seen: ReadonlySet<Resource>): void {
    const own = (side === 'primaries' ? resource.thisWith : resource.withThis).filter((each) => each.explicit);
    if (own.length === 0) return;
    const title =
      side === 'primaries' ? `Resources ${resource.id} is colocated with:` : `Resources colocated with ${resource.id}:`;
    this.#line(depth, title);
    for (const colocation of own) {
      const other = side === 'primaries' ? colocation.primary : colocation.dependent;
      const role = side === 'primaries' ? colocation.primaryRole : colocation.dependentRole;
      const score = scoreText(colocation.score);
      const isLoop = seen.has(other);
      this.elements.push(colocationElement(colocation, score));
      if (isLoop) {
        this.#line(depth + 1, `${other.id} (id=${colocation.id} - loop)`);
        continue;
      }
      const needs = role === Role.unknown || role === Role.started ? '' : `needs role=${roleText(role)}, `;
      this.#line(depth + 1, `${other.id} (score=${score}, ${needs}id=${colocation.id})`);
      if (side === 'primaries' && (this.#recursive || depth > 0)) this.locations(other, depth + 2);
      if (this.#recursive) this.colocations(other, side, depth + 2, new Set([...seen, other]));
    }
  }

  #line(depth: number, text: string): void {
    this.lines.push(depth === 0 ? text : `${'  '.repeat(depth)}* ${text}`);
  }
}

function colocationElement(colocation: Colocation, score: string): Element {
  const role = (value: Role): string | undefined =>
    value === Role.unknown || value === Role.started ? undefined : roleText(value);
  return element('rsc_colocation', {
    id: colocation.id,
    rsc: colocation.dependent.id,
    'with-rsc': colocation.primary.id,
    score,
    'node-attribute': colocation.attribute === '#uname' ? undefined : colocation.attribute,
    'rsc-role': role(colocation.dependentRole),
    'with-rsc-role': role(colocation.primaryRole),
  });
}
