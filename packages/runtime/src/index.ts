export type { Cause, CoreHost, Timer } from './host.ts';
export { type Logger, silentLogger } from './log.ts';
export { NodeHost, type NodeHostOptions } from './node-host.ts';
export { clusterGroup, clusterUser, paths } from './paths.ts';
export { type LogOptions, openLog } from './pino-log.ts';
export { Reactor } from './reactor.ts';
export { notifyReady, notifySystemd } from './sd-notify.ts';
