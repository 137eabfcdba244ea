// The standalone OCF program of both providers' Dummy.
import { fileURLToPath } from 'node:url';
import { runStandalone } from '@sanode/ocf/standalone';
import { dummyAgent, heartbeatDummyAgent } from './agent.ts';

const agent = process.env['OCF_RESOURCE_PROVIDER'] === 'heartbeat' ? heartbeatDummyAgent : dummyAgent;
await runStandalone(agent, fileURLToPath(import.meta.url));
