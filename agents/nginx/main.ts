// The standalone OCF program.
import { fileURLToPath } from 'node:url';
import { runStandalone } from '@sanode/ocf/standalone';
import { nginxAgent } from './agent.ts';

await runStandalone(nginxAgent, fileURLToPath(import.meta.url));
