import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfKeys, parseCorosyncConf } from '@sanode/conf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorosyncLog } from './log.ts';
import { LogConfigError, readLogSettings } from './log-settings.ts';
import { SystemLog } from './syslog.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corosync-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keysOf = (logging: string): ConfKeys =>
  parseCorosyncConf(`logging {\n${logging}\n}\n`, 'f', { userId: () => undefined, groupId: () => undefined });

/** A system log that keeps its lines. */
class FakeSystemLog extends SystemLog {
  readonly lines: string[] = [];
  override open(): undefined {
    return undefined;
  }
  override write(facility: number, severity: number, _now: Date, text: string): void {
    this.lines.push(`<${facility * 8 + severity}> ${text}`);
  }
}

function open(logging: string): { log: CorosyncLog; lines(): string[]; syslog: string[] } {
  const file = join(folder, 'corosync.log');
  const syslog = new FakeSystemLog('corosync');
  const log = new CorosyncLog(syslog);
  log.configure(keysOf(`to_stderr: no\nto_logfile: yes\nlogfile: ${file}\ntimestamp: off\n${logging}`));
  log.openSystemLog();
  const lines = (): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\[\d+\] \S+ corosync /, ''));
  return { log, lines, syslog: syslog.lines };
}

describe('the logging section', () => {
  it.each([
    ['to_syslog: maybe', 'unknown value for to_syslog.'],
    ['to_stderr: maybe', 'unknown value for to_stderr.'],
    ['syslog_facility: foo', 'unknown syslog facility specified.'],
    ['syslog_priority: foo', 'unknown syslog priority specified.'],
    ['logfile_priority: trace', 'unknown logfile priority specified.'],
    ['timestamp: maybe', 'unknown value for timestamp.'],
    ['fileline: maybe', 'unknown value for fileline.'],
    ['function_name: maybe', 'unknown value for function_name.'],
    ['blackbox: maybe', 'unknown value for blackbox.'],
    ['logger_subsys {\nsubsys: QUORUM\ndebug: maybe\n}', 'unknown value for debug.'],
    ['logger_subsys {\nsubsys: QUORUM\nsyslog_facility: foo\n}', 'unknown syslog facility specified.'],
  ])('refuses %j', (logging, text) => {
    expect(() => readLogSettings(keysOf(logging))).toThrow(new LogConfigError(text));
  });

  it('takes a subsystem that is not there, and a log file that is not named', () => {
    expect(readLogSettings(keysOf('to_logfile: yes\nlogger_subsys {\nsubsys: NOSUCH\ndebug: on\n}')).all.file).toBe(
      undefined,
    );
  });

  it('says which log file cannot be opened, and keeps the one before', () => {
    const { log, lines } = open('');
    expect(() => log.configure(keysOf('to_logfile: yes\nlogfile: /nonexistent/x.log'))).toThrow(
      new LogConfigError("Can't open logfile '/nonexistent/x.log' for reason: No such file or directory (2)."),
    );
    log.info({ subsystem: 'MAIN' }, 'still here');
    expect(lines()).toEqual(['notice  [MAIN  ] still here']);
  });
});

describe('log lines', () => {
  it('are filtered by priority, a subsystem with debugging apart', () => {
    const { log, lines } = open('logfile_priority: warning\nlogger_subsys {\nsubsys: QUORUM\ndebug: on\n}');
    log.info({ subsystem: 'MAIN' }, 'dropped');
    log.warn({ subsystem: 'MAIN' }, 'kept');
    log.debug({ subsystem: 'QUORUM' }, 'detail');
    log.debug({}, 'ring');
    log.trace({ subsystem: 'QUORUM' }, 'too much');
    expect(lines()).toEqual(['warning [MAIN  ] kept', 'debug   [QUORUM] detail']);
  });

  it('go to a file of their own where a subsystem has one', () => {
    const own = join(folder, 'quorum.log');
    const { log, lines } = open(`logger_subsys {\nsubsys: QUORUM\nlogfile: ${own}\n}`);
    log.info({ subsystem: 'QUORUM' }, 'members');
    log.info({ subsystem: 'MAIN' }, 'main');
    expect(lines()).toEqual(['notice  [MAIN  ] main']);
    expect(readFileSync(own, 'utf8')).toMatch(/ corosync notice {2}\[QUORUM\] members\n$/);
  });

  it('go to the system log with facility and severity', () => {
    const { log, syslog } = open('syslog_facility: local3\nsyslog_priority: notice');
    log.info({ subsystem: 'MAIN' }, 'notice');
    log.info({ subsystem: 'VOTEQ', isInfo: true }, 'info');
    log.fatal({ subsystem: 'VOTEQ' }, 'crit');
    expect(syslog).toEqual([`<${19 * 8 + 5}>   [MAIN  ] notice`, `<${19 * 8 + 2}>   [VOTEQ ] crit`]);
  });

  it('name file, function and line as they are asked to', () => {
    function whoSpeaks(logging: string): string {
      const { log, lines } = open(logging);
      function speaks(): void {
        log.info({ subsystem: 'MAIN' }, 'text');
      }
      speaks();
      return lines().at(-1) ?? '';
    }
    expect(whoSpeaks('fileline: on')).toMatch(/^notice {2}\[MAIN {2}\] log\.test\.ts:\d+ text$/);
    expect(whoSpeaks('function_name: on')).toBe('notice  [MAIN  ] speaks text');
    expect(whoSpeaks('fileline: on\nfunction_name: on')).toMatch(/\] log\.test\.ts:speaks:\d+ text$/);
  });

  it('are kept by the flight recorder whatever their severity, unless it is off', () => {
    const { log, lines } = open('');
    log.trace({ subsystem: 'CPG' }, 'small');
    expect(lines()).toEqual([]);
    const file = log.recorder.dump(folder);
    expect(readFileSync(file, 'utf8')).toMatch(/^\w{3} \d\d [\d:.]{12} trace {3}\[CPG {3}\] small\n$/);
    expect(readlinkSync(join(folder, 'fdata'))).toBe(file);
    log.configure(keysOf('blackbox: off\nto_stderr: no\nto_syslog: no'));
    log.trace({}, 'not kept');
    expect(log.recorder.lines).toEqual([]);
  });
});

describe('the flight recorder', () => {
  it('forgets the oldest lines first, and stays below its limits', () => {
    const { recorder } = new CorosyncLog(new FakeSystemLog('corosync'));
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 20_000; count += 1) recorder.record(line);
    recorder.record('last\n');
    const { lines } = recorder;
    expect(lines.at(-1)).toBe('last\n');
    expect(lines.length).toBe(8389);
    expect(lines.join('').length).toBeLessThanOrEqual(8 * 1024 * 1024);
  });
});
