import { type Element, element, escapeAttribute, escapeText, text } from '@sanode/xml';
import type { Agent, AgentAction, AgentParameter } from './agent.ts';

/** The agent's `<resource-agent>` element (ocf-agents.md 1.8), with defaults for a resource of the agent's own name. */
export function metadataElement(agent: Agent, instance: string = agent.name): Element {
  return element('resource-agent', { name: agent.name, version: agent.version }, [
    element('version', {}, [text(agent.apiVersion)]),
    description('longdesc', agent.longDescription),
    description('shortdesc', agent.shortDescription),
    element(
      'parameters',
      {},
      agent.parameters.map((parameter) => parameterElement(parameter, instance)),
    ),
    element('actions', {}, agent.actions.map(actionElement)),
  ]);
}

function description(name: string, value: string): Element {
  return element(name, { lang: 'en' }, [text(value)]);
}

function parameterElement(parameter: AgentParameter, instance: string): Element {
  const preset = parameter.default;
  return element(
    'parameter',
    {
      name: parameter.name,
      unique: flag(parameter.unique),
      'unique-group': parameter.uniqueGroup,
      required: flag(parameter.required),
      reloadable: flag(parameter.reloadable),
      private: flag(parameter.private),
    },
    [
      description('longdesc', parameter.longDescription),
      description('shortdesc', parameter.shortDescription),
      element('content', {
        type: parameter.type,
        default: typeof preset === 'function' ? preset(instance) : preset,
      }),
    ],
  );
}

function flag(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value ? '1' : '0';
}

function actionElement(action: AgentAction): Element {
  return element('action', {
    name: action.name,
    timeout: `${action.timeoutSeconds}s`,
    interval: action.intervalSeconds === undefined ? undefined : `${action.intervalSeconds}s`,
    depth: action.depth,
    role: action.role,
  });
}

/** The document that the action `meta-data` prints, indented for people. */
export function metadataXml(agent: Agent, instance?: string): string {
  const lines = ['<?xml version="1.0"?>'];
  // Of the shipped agents those of API 1.0 name the old DTD, which ocf-tester validates against.
  if (agent.apiVersion === '1.0') lines.push('<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">');
  print(lines, metadataElement(agent, instance), '');
  return `${lines.join('\n')}\n`;
}

function print(lines: string[], node: Element, indent: string): void {
  const attributes = [...node.attributes].map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`).join('');
  const content = node.children.map((child) => (child.type === 'text' ? escapeText(child.text) : '')).join('');
  if (node.children.length === 0) lines.push(`${indent}<${node.name}${attributes} />`);
  else if (content !== '') lines.push(`${indent}<${node.name}${attributes}>${content}</${node.name}>`);
  else {
    lines.push(`${indent}<${node.name}${attributes}>`);
    for (const child of node.children) if (child.type === 'element') print(lines, child, `${indent}  `);
    lines.push(`${indent}</${node.name}>`);
  }
}
