import type { WorkingSet } from '@sanode/scheduler';
import { plainReport, Report, type Section } from '@sanode/status';
import { TextList } from '@sanode/status/text/list';
import { printAttributes, printHistory } from '@sanode/status/text/rest';

/** Node attributes and fail counts as crm_mon shows them, one list deep; empty where there are none. */
export function extraSections(set: WorkingSet, sections: ReadonlySet<Section>): string {
  const report = new Report(set, { ...plainReport, release: '3.0', sections });
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
