import { attr, childElements, firstChild } from '@sanode/xml';
import type { Command, PcsContext } from '../context.ts';
import { clusterName, confNodes, readCorosyncConf } from '../corosync-conf.ts';
import { fail } from '../errors.ts';
import { nvpairs } from '../nvpairs.ts';
import { indented } from '../text.ts';
import { allConstraintLines } from './constraint.ts';
import { defaultsLines } from './defaults.ts';
import { resourcesText } from './resource-config.ts';

/** `pcs config [show]` (cli-pcs.md 15): everything that is configured. */
async function showAll(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 0 && words[0] !== 'show') fail(`'pcs config ${words[0]}' is not available yet`);
  const editor = await context.cib();
  const properties = nvpairs(firstChild(editor.section('crm_config')));
  const conf = await readCorosyncConf(context.deps.files.corosyncConf).catch(() => undefined);
  context.print(`Cluster Name: ${conf === undefined ? (properties.get('cluster-name') ?? '') : clusterName(conf)}`);
  if (conf !== undefined) {
    const names = confNodes(conf).map((node) => node.name);
    context.print(`Corosync Nodes:\n ${names.join(' ')}`);
  }
  const nodes = childElements(editor.section('nodes'), 'node').map((node) => attr(node, 'uname') ?? '');
  context.print(`Pacemaker Nodes:\n ${nodes.sort().join(' ')}`);
  const block = (heading: string, lines: readonly string[]): void => {
    context.print([heading, ...lines].join('\n'));
  };
  context.print('');
  block('Resources:', indented(resourcesText(editor.section('resources')), 2));
  context.print('');
  block('Stonith Devices:', indented(resourcesText(editor.section('resources'), true), 2));
  block('Fencing Levels:', fencingLevels(childElements(editor.section('fencing-topology'))));
  context.print('');
  for (const line of allConstraintLines(editor, { ids: true, all: false, nowMs: context.deps.nowMs() }))
    context.print(line);
  context.print('');
  block('Alerts:', alertLines(childElements(editor.section('alerts'), 'alert')));
  context.print('');
  for (const [heading, section] of [
    ['Resources Defaults:', 'rsc_defaults'],
    ['Operations Defaults:', 'op_defaults'],
  ] as const) {
    const lines = defaultsLines(editor.section(section));
    block(heading, indented(lines.length === 0 ? ['No defaults set'] : lines, 2));
  }
  context.print('');
  block(
    'Cluster Properties:',
    [...properties].sort().map(([name, value]) => ` ${name}: ${value}`),
  );
  context.print('');
  const tags = childElements(editor.section('tags'), 'tag').flatMap((tag) => [
    ` ${attr(tag, 'id')}`,
    ...childElements(tag, 'obj_ref').map((ref) => `   ${attr(ref, 'id')}`),
  ]);
  block('Tags:', tags.length === 0 ? [' No tags defined'] : tags);
  context.print('\nQuorum:\n  Options:');
  const quorum = conf?.sections.find((section) => section.name === 'quorum');
  for (const { name, value } of quorum?.attributes ?? []) {
    if (['auto_tie_breaker', 'last_man_standing', 'last_man_standing_window', 'wait_for_all'].includes(name))
      context.print(`   ${name}: ${value}`);
  }
}

function fencingLevels(levels: ReturnType<typeof childElements>): string[] {
  const lines: string[] = [];
  let last = '';
  for (const level of levels) {
    const pattern = attr(level, 'target-pattern');
    const attribute = attr(level, 'target-attribute');
    const target =
      attribute !== undefined
        ? `Target: ${attribute}=${attr(level, 'target-value')}`
        : pattern !== undefined
          ? `Target (regexp): ${pattern}`
          : `Target: ${attr(level, 'target')}`;
    if (target !== last) lines.push(`  ${target}`);
    last = target;
    lines.push(`    Level ${attr(level, 'index')} - ${attr(level, 'devices')}`);
  }
  return lines;
}

function alertLines(alerts: ReturnType<typeof childElements>): string[] {
  if (alerts.length === 0) return [' No alerts defined'];
  return alerts.map((alert) => ` Alert: ${attr(alert, 'id')} (path=${attr(alert, 'path')})`);
}

/** `pcs config …`. */
export const configCommands: Readonly<Record<string, Command>> = {
  show: { options: ['f'], usage: '    [show]\n        Show the whole configuration of the cluster.\n', run: showAll },
};
