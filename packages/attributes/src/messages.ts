import { attr, type Element, element } from '@sanode/xml';
import type { Attribute, NodeValue } from './model.ts';

/** Version of attrd's protocol that we speak: the reference's 2.1.5 (executor-fencer-attrd.md 5.2). */
export const protocolVersion = 4;

/** The `<status>` data of a write, and whether it deletes (5.5). Nodes whose id is not known are left out; undefined when none is. */
export function statusUpdate(
  attribute: Attribute,
  uuidOf: (value: NodeValue) => string | undefined,
): { data: Element; deletes: boolean } | undefined {
  const states: Element[] = [];
  let deletes = false;
  for (const value of attribute.values.values()) {
    const uuid = uuidOf(value);
    if (uuid === undefined) continue;
    if (value.value === undefined) deletes = true;
    states.push(nodeStateUpdate(attribute, value, uuid));
  }
  return states.length === 0 ? undefined : { data: element('status', {}, states), deletes };
}

function nodeStateUpdate(attribute: Attribute, value: NodeValue, uuid: string): Element {
  const setId = attribute.setId ?? `status-${uuid}`;
  const pair = element('nvpair', {
    id: `${setId}-${attribute.name}`.replace(/[:#]/g, '.').replace(/[^A-Za-z0-9_.-]/g, '.'),
    name: attribute.name,
    value: value.value ?? '',
    __delete__: value.value === undefined ? 'value' : undefined,
  });
  return element('node_state', { id: uuid }, [
    element('transient_attributes', { id: uuid }, [element('instance_attributes', { id: setId }, [pair])]),
  ]);
}

/** One value as a child of `sync-response`, or (force) as an update of its own. */
export function addValueElement(attribute: Attribute, value: NodeValue, forceWrite: boolean): Element {
  return element('attrd_add_value_xml', {
    attr_name: attribute.name,
    attr_set: attribute.setId,
    attr_user: attribute.user,
    attr_host: value.node,
    attr_host_id: value.remote ? undefined : value.uuid,
    attr_is_remote: value.remote ? 1 : undefined,
    attr_value: value.value,
    attr_dampening: Math.floor(attribute.dampeningMs / 1000),
    attr_is_private: attribute.isPrivate ? 1 : 0,
    attrd_is_force_write: forceWrite ? 1 : 0,
  });
}

/** The answer to a client's `query` (5.6). */
export function queryReply(attributeName: string, values: readonly NodeValue[]): Element {
  return element(
    'build_query_reply',
    { t: 'attrd', subt: 'query', attr_version: protocolVersion, attr_name: attributeName },
    values.map((value) =>
      element('node', { attr_host: value.node, attr_host_id: value.uuid, attr_value: value.value }),
    ),
  );
}

/** Name pattern of the attributes that `clear-failure` deletes (5.3); undefined when its input is not usable. */
export function failurePattern(message: Element): RegExp | undefined {
  const resource = attr(message, 'attr_resource');
  const operation = attr(message, 'attr_clear_operation');
  const interval = attr(message, 'attr_clear_interval');
  const prefix = '^(?:fail-count|last-failure)-';
  if (resource === undefined) return new RegExp(prefix);
  if (operation === undefined) return new RegExp(`${prefix}${escapePattern(resource)}(?:#.+_[0-9]+)?$`);
  const intervalMs = intervalMilliseconds(interval);
  if (intervalMs === undefined) return undefined;
  return new RegExp(`${prefix}${escapePattern(resource)}(?:#${escapePattern(operation)}_${intervalMs})?$`);
}

function intervalMilliseconds(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return 0;
  const match = /^(\d{1,10})(ms|s|m|min|h)?$/.exec(text);
  if (match === null) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000;
  return Number(match[1]) * unit;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Whether an attribute of a message is set: 1, true, yes. */
export function flag(message: Element, name: string): boolean {
  return /^(1|true|yes|y|on)$/i.test(attr(message, name) ?? '');
}
