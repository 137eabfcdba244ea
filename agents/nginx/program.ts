import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type AgentContext, runCommand } from '@sanode/ocf';
import { type NginxConfig, readConfig } from './config.ts';

/** The nginx program and what it was built with. */
export interface NginxProgram {
  readonly path: string;
  /** `nginx version: nginx/1.22.1`. */
  readonly version: string;
  /** The line `configure arguments: ...`. */
  readonly buildLine: string;
  readonly prefix: string;
  readonly defaultConfig: string;
  readonly defaultPidFile: string;
}

/** Everything an operation needs to know about its nginx. */
export interface NginxSetup {
  readonly program: NginxProgram;
  readonly configFile: string;
  readonly config: NginxConfig;
  readonly pidFile: string;
  /** Further words of the command line, from parameter `options`. */
  readonly options: readonly string[];
}

const searchPaths = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'];
/** What `nginx -V` said, by path and modification time: asked once per version, not once per operation. */
const known = new Map<string, { stamp: string; program: NginxProgram }>();

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Path of the nginx program: parameter httpd if it is one, else the usual places; undefined if there is none. */
export function findProgram(context: Pick<AgentContext, 'param' | 'env'>): string | undefined {
  if (context.env['OCF_TESTER_FAIL_HAVE_BINARY'] === '1') return undefined;
  const wanted = context.param('httpd');
  if (wanted !== '' && isExecutable(wanted)) return wanted;
  return searchPaths.find(isExecutable);
}

/** Asks nginx what it was built with. */
export async function inspectProgram(path: string): Promise<NginxProgram> {
  const info = statSync(path);
  const stamp = `${info.ino}:${info.mtimeMs}:${info.size}`;
  const cached = known.get(path);
  if (cached?.stamp === stamp) return cached.program;
  const { stderr, stdout } = await runCommand(path, ['-V']);
  const lines = `${stderr}\n${stdout}`.split('\n');
  const buildLine = lines.find((line) => line.includes('configure arguments:')) ?? '';
  const option = (name: string): string => {
    const at = buildLine.indexOf(`--${name}=`);
    if (at < 0) return '';
    const value = buildLine.slice(at + name.length + 3);
    const end = value.indexOf(' --');
    return (end < 0 ? value : value.slice(0, end)).trim();
  };
  const program: NginxProgram = {
    path,
    version: lines.find((line) => line.startsWith('nginx version:')) ?? '',
    buildLine,
    prefix: option('prefix'),
    defaultConfig: option('conf-path'),
    defaultPidFile: option('pid-path'),
  };
  known.set(path, { stamp, program });
  return program;
}

/** The configuration file that an operation means. */
export function configFileOf(context: Pick<AgentContext, 'param'>, program: NginxProgram): string {
  return context.param('configfile') || program.defaultConfig;
}

/** Reads what the operations need; undefined if the file can't be read or names no pid file. */
export function readSetup(context: Pick<AgentContext, 'param'>, program: NginxProgram): NginxSetup | undefined {
  const configFile = configFileOf(context, program);
  if (configFile === '' || !existsSync(configFile)) return undefined;
  let config: NginxConfig;
  try {
    config = readConfig(configFile);
  } catch {
    return undefined;
  }
  const pidFile = config.pid ?? program.defaultPidFile;
  if (pidFile === '') return undefined;
  return {
    program,
    configFile,
    config,
    // nginx itself takes a relative name below its prefix.
    pidFile: isAbsolute(pidFile) ? pidFile : join(program.prefix || '/', pidFile),
    options: context.param('options').split(/\s+/).filter(Boolean),
  };
}

/** Words of nginx's command line after the program. */
export function nginxArguments(setup: NginxSetup, ...more: string[]): string[] {
  return [...setup.options, ...more, '-c', setup.configFile];
}

/** First line of a small file, undefined if it can't be read. */
export function readSmallFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
