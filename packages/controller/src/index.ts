export { Controller, type ControllerOptions, type ToolClient } from './controller.ts';
export type { AttributeChange, ControllerHost, FencingReply, SchedulerReply } from './host.ts';
