// The standalone OCF program.
import { fileURLToPath } from 'node:url';
import { runStandalone } from '@sanode/ocf/standalone';
import { ipaddr2Agent } from './agent.ts';

await runStandalone(ipaddr2Agent, fileURLToPath(import.meta.url));
