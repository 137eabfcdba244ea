import { attr, childElements, type Element, firstChild } from '@sanode/xml';

/** What the history needs of an agent's meta-data (controller.md 8.8). */
export interface AgentParameters {
  /** Parameters whose change needs a restart; undefined when the agent has no reload. */
  readonly restart: readonly string[] | undefined;
  /** Parameters that are secret. */
  readonly secret: readonly string[];
}

/** Reads `<resource-agent>`. */
export function agentParameters(metadata: Element): AgentParameters {
  const parameters = childElements(firstChild(metadata, 'parameters') ?? metadata, 'parameter');
  const actions = childElements(firstChild(metadata, 'actions') ?? metadata, 'action').map((each) =>
    attr(each, 'name'),
  );
  const named = (wanted: (parameter: Element) => boolean): string[] =>
    parameters.filter(wanted).map((parameter) => attr(parameter, 'name') ?? '');
  const flag = (parameter: Element, name: string): boolean => /^(1|true|yes|on|y)$/i.test(attr(parameter, name) ?? '');
  const restart = actions.includes('reload-agent')
    ? named((parameter) => !flag(parameter, 'reloadable'))
    : actions.includes('reload')
      ? named((parameter) => flag(parameter, 'unique'))
      : undefined;
  return { restart, secret: named((parameter) => flag(parameter, 'private')) };
}
