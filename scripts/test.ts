// `npm test`: builds, checks, and runs every tier but vm and bench. Last line: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePrograms } from '../test/lab/src/requirements.ts';
import { buildAll } from './build.ts';
import { run as check } from './check.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numFailedTestSuites: number;
  success: boolean;
}

/**
 * Runs the tests; with `--full` every repetition that is named anywhere.
 * @param args further arguments for vitest, for example `--project unit` or a file's name
 */
export async function run(args: readonly string[]): Promise<number> {
  ensurePrograms([
    { program: 'xmllint', debianPackage: 'libxml2-utils' },
    { program: 'arping', debianPackage: 'iputils-arping' },
    { program: 'wget', debianPackage: 'wget' },
  ]);
  await buildAll({ outDir: join(root, 'dist') });
  const full = args.includes('--full');
  const vitestArgs = args.filter((word) => word !== '--full');
  const checked = await check();
  const folder = mkdtempSync(join(tmpdir(), 'sanode-test-'));
  const reportFile = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', '.bin', 'vitest');
  const status = spawnSync(
    vitest,
    ['run', '--root', root, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...vitestArgs],
    { stdio: 'inherit', cwd: root, env: { ...process.env, ...(full ? { SANODE_TEST_FULL: '1' } : {}) } },
  ).status;
  let report: VitestReport | undefined;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as VitestReport;
  } catch {
    console.error('sanode: the test runner wrote no report');
  }
  rmSync(folder, { recursive: true, force: true });
  const notRun = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  if (notRun > 0) console.log(`not run: ${notRun} (they need the folder shared/ beside the clone)`);
  const broken = status !== 0 && (report?.numFailedTests ?? 0) === 0 ? 1 : 0;
  const failed = (report?.numFailedTests ?? 0) + broken + (checked === 0 ? 0 : 1);
  console.log(`${report?.numPassedTests ?? 0} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
