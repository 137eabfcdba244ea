import type { WorkingSet } from '@sanode/scheduler';
import { Report, type ReportOptions, type Section } from '@sanode/status';
import { TextList } from '@sanode/status/text/list';
import { printAttributes, printHistory } from '@sanode/status/text/rest';

const reportOptions: Omit<ReportOptions, 'sections'> = {
  groupByNode: false,
  inactive: true,
  detail: false,
  brief: false,
  timing: false,
  bansPrefix: '',
  nodes: undefined,
  resources: undefined,
  release: '3.0',
  localNode: undefined,
  launcherState: undefined,
};

/** Node attributes and fail counts as crm_mon shows them, one list deep; empty where there are none. */
export function extraSections(set: WorkingSet, sections: ReadonlySet<Section>): string {
  const report = new Report(set, { ...reportOptions, sections });
  let text = '';
  const add = (print: (out: TextList) => void): void => {
    const out = new TextList();
    out.beginSilent();
    print(out);
    if (!out.isEmpty) text += `\n${out.toString()}`;
  };
  if (sections.has('attributes')) add((out) => printAttributes(out, report));
  if (sections.has('failcounts')) add((out) => printHistory(out, report));
  return text;
}
