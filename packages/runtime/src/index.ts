export { type DaemonCommand, DaemonMissingError, daemonCommand } from './daemon-command.ts';
export type { Cause, CoreHost, Timer } from './host.ts';
export { type Logger, silentLogger } from './log.ts';
export { NodeHost, type NodeHostOptions } from './node-host.ts';
export { clusterGroup, clusterUser, paths } from './paths.ts';
export { type LogOptions, openLog } from './pino-log.ts';
export { Reactor } from './reactor.ts';
export { announcedRelease, compareDottedVersions, type Release, ReleaseError, releases } from './release.ts';
export { notifyReady, notifySystemd } from './sd-notify.ts';
