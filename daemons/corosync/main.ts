import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterConfigError, VotequorumConfigError } from '@sanode/cluster';
import { ConfError, textValue } from '@sanode/conf';
import { paths } from '@sanode/runtime';
import { interpret, readKeys } from './configuration.ts';
import { CorosyncDaemon } from './daemon.ts';
import { CorosyncLog, LogConfigError } from './log.ts';
import { PriorityError, type RealTimeSettings, readRealTimeSettings, takeRealTime } from './realtime.ts';
import { takeLock } from './system.ts';

/** What announces itself; the release whose behaviour this daemon has. */
const version = '3.1.7';

const usage = `usage:
        -c     : Corosync config file path.
        -f     : Start application in foreground.
        -t     : Test configuration and exit.
        -v     : Display version, git revision and some useful information about Corosync and exit.
`;

const exitStatus = {
  usage: 1,
  fork: 4,
  logging: 7,
  config: 8,
  stateDir: 16,
  lock: 17,
  running: 18,
  service: 20,
} as const;

const log = new CorosyncLog();

function fail(status: number, text: string): never {
  log.error({ subsystem: 'MAIN' }, text);
  log.error({ subsystem: 'MAIN' }, `Corosync Cluster Engine exiting with status ${status}.`);
  process.exit(status);
}

function readArguments(): { conf: string; foreground: boolean; test: boolean } {
  const values: { c?: string; f?: boolean; t?: boolean; v?: boolean } = {};
  const refuse = (text: string): never => {
    process.stderr.write(`corosync: ${text}\n${usage}`);
    process.exit(exitStatus.usage);
  };
  const words = process.argv.slice(2);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!/^-./.test(word)) continue;
    for (const [index, letter] of [...word.slice(1)].entries()) {
      if (letter === 'c') {
        const attached = word.slice(index + 2);
        values.c = (attached === '' ? words.shift() : attached) ?? refuse("option requires an argument -- 'c'");
        break;
      }
      if (letter === 'f' || letter === 't' || letter === 'v') values[letter] = true;
      else refuse(`invalid option -- '${letter}'`);
    }
  }
  if (values.v === true) {
    process.stdout.write(
      `Corosync Cluster Engine, version '${version}'\nsanode, MIT licence\n\nBuilt-in features: udpu udp\n`,
    );
    process.exit(0);
  }
  return { conf: values.c ?? paths.corosyncConf, foreground: values.f === true, test: values.t === true };
}

async function readConfiguration(file: string) {
  try {
    const keys = readKeys(file);
    log.configure(keys);
    return await interpret(keys);
  } catch (error) {
    if (error instanceof ConfError) fail(exitStatus.config, error.message);
    if (error instanceof ClusterConfigError) {
      if (error.hint !== undefined) log.error({ subsystem: 'MAIN' }, error.hint);
      fail(exitStatus.config, error.logText);
    }
    if (error instanceof LogConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(exitStatus.logging);
    }
    throw error;
  }
}

function detach(): void {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1), '-f'], {
    detached: true,
    stdio: 'ignore',
  });
  child.once('error', (error) => fail(exitStatus.fork, `cannot start in the background: ${error.message}`));
  child.once('spawn', () => process.exit(0));
}

function prepare(stateDirectory: string, realTime: RealTimeSettings): void {
  if (statSync(stateDirectory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    fail(exitStatus.stateDir, `Cannot chdir to state directory ${stateDirectory}.`);
  }
  process.chdir(stateDirectory);
  const lockFile = process.env['SANODE_RUN_DIR'] === undefined ? '/run/corosync.pid' : `${paths.runDir}/corosync.pid`;
  try {
    mkdirSync(dirname(lockFile), { recursive: true });
    if (!takeLock(lockFile)) fail(exitStatus.running, 'Another Corosync instance is already running.');
  } catch (error) {
    fail(exitStatus.lock, `Cannot lock ${lockFile}: ${(error as Error).message}`);
  }
  takeRealTime(realTime, log);
}

async function main(): Promise<void> {
  const { conf, foreground, test } = readArguments();
  const config = await readConfiguration(conf);
  for (const text of config.warnings) log.warn({ subsystem: 'MAIN' }, text);
  if (config.warnings.length > 0) log.warn({ subsystem: 'MAIN' }, 'Please migrate config file to nodelist.');
  if (test) {
    log.info({ subsystem: 'MAIN' }, 'Corosync Cluster Engine exiting normally');
    process.exit(0);
  }
  if (!foreground) {
    detach();
    return;
  }
  log.openSystemLog();
  log.info({ subsystem: 'MAIN' }, `Corosync Cluster Engine ${version} starting up`);
  const stateDirectory = textValue(config.keys, 'system.state_dir') ?? paths.corosyncStateDir;
  try {
    prepare(stateDirectory, readRealTimeSettings(config.keys));
  } catch (error) {
    if (!(error instanceof PriorityError)) throw error;
    fail(exitStatus.config, error.message);
  }
  const daemon = new CorosyncDaemon({ log, exit: (status) => process.exit(status) }, conf, config);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      log.info({ subsystem: 'MAIN' }, 'Node was shut down by a signal');
      void daemon.end();
    });
  }
  process.on('SIGUSR2', () => daemon.dump());
  try {
    await daemon.start(stateDirectory);
  } catch (error) {
    if (!(error instanceof VotequorumConfigError)) throw error;
    log.fatal({ subsystem: 'QUORUM' }, 'Quorum provider: corosync_votequorum failed to initialize.');
    fail(exitStatus.service, `Service engine 'corosync_quorum' failed to load for reason '${error.message}'`);
  }
}

await main();
