export { exitText } from '@sanode/scheduler/values/exit-text';
export { type HtmlFrame, htmlDocument, htmlReport } from './html/index.ts';
export { plainReport, type ReportOptions, type Section, sectionGroups, sections } from './options.ts';
export { Report } from './report.ts';
export { simpleReport } from './simple.ts';
export { textReport } from './text/index.ts';
export { executionText, isoTime, launcherText, localTime, ocfText, readableInterval } from './texts.ts';
export { xmlReport } from './xml/index.ts';
