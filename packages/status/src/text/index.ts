import type { Report } from '../report.ts';
import { TextList } from './list.ts';
import { printNodes } from './nodes.ts';
import { printResources } from './resources.ts';
import { printAttributes, printBans, printFailures, printHistory, printTickets } from './rest.ts';
import { printBanner, printSummary } from './summary.ts';

/** The whole report as text (cli-crm.md 4.4). */
export function textReport(report: Report): string {
  const out = new TextList();
  printSummary(out, report);
  if (report.shows('maint-mode')) printBanner(out, report);
  if (report.shows('nodes')) printNodes(out, report);
  if (report.shows('resources')) printResources(out, report);
  if (report.shows('attributes')) printAttributes(out, report);
  if (report.shows('operations') || report.shows('failcounts')) printHistory(out, report);
  if (report.shows('failures')) printFailures(out, report);
  if (report.shows('tickets')) printTickets(out, report);
  if (report.shows('bans')) printBans(out, report);
  return out.toString();
}
